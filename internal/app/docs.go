package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/web"
)

// mountDocs adds the OpenAPI document and the page that shows it.
func (a *App) mountDocs(rt web.Router) error {
	doc := sync.OnceValues(func() ([]byte, error) { return OpenAPI(rt.Ops.List(), a.cfg.URL, a.Desk.App) })
	rt.API(http.MethodGet, "/api/v1/openapi.json", web.Op{ID: "getOpenAPI", Tag: "meta", Summary: "This document", Public: true, Out: map[string]any{}}, func(w http.ResponseWriter, _ *http.Request) error {
		b, err := doc()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, err = w.Write(b)
		return err
	})
	rt.Get("/api/docs", func(w http.ResponseWriter, r *http.Request) error {
		if _, err := identity.From(r.Context()); err != nil {
			http.Redirect(w, r, "/sign-in?next=/api/docs", http.StatusSeeOther)
			return nil //nolint:nilerr // the answer to a missing sign-in is the sign-in page
		}
		return web.Render(w, r, http.StatusOK, docsPage())
	})
	return nil
}

var pathParam = regexp.MustCompile(`\{([a-z]+)\}`)

// OpenAPI makes the OpenAPI 3.1 document from what the routes promise: the same
// Go types that decode the input and encode the answers.
func OpenAPI(ops []web.Registered, url, version string) ([]byte, error) {
	r := openapi31.NewReflector()
	r.Spec.Info.WithTitle("Opsdesk").WithVersion(version).WithDescription("The service desk's API. Writes take Idempotency-Key; records have an ETag and honour If-Match. Errors are problem+json (RFC 9457).")
	r.Spec.WithServers(openapi31.Server{URL: url})
	r.SpecEns().SetHTTPBearerTokenSecurity("bearer", "opaque", "A token of `opsdesk token create` or of the profile page.")
	r.JSONSchemaReflector().AddTypeMapping(uuid.UUID{}, formatted("uuid"))
	r.JSONSchemaReflector().DefaultOptions = append(r.JSONSchemaReflector().DefaultOptions,
		jsonschema.InterceptDefName(func(t reflect.Type, name string) string { return defName(t, name) }),
		jsonschema.InterceptProp(rules))
	for _, op := range ops {
		if err := add(r, op); err != nil {
			return nil, fmt.Errorf("%s %s: %w", op.Method, op.Path, err)
		}
	}
	b, err := r.Spec.MarshalJSON()
	if err != nil {
		return nil, err
	}
	// A fixed layout lets people compare two versions.
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	return json.MarshalIndent(v, "", " ")
}

func formatted(format string) jsonschema.Schema {
	return *(&jsonschema.Schema{}).WithType(jsonschema.String.Type()).WithFormat(format)
}

// defName names a schema: IncidentOut for incident.Out, without the type
// parameters' paths.
func defName(t reflect.Type, name string) string {
	name = strings.NewReplacer("[", "Of", "]", "", "/", "", ".", "").Replace(name)
	if i := strings.LastIndex(name, "Internal"); i > 0 && strings.Contains(name, "Of") {
		return strings.ReplaceAll(name, "OpsdeskInternal", "")
	}
	_ = t
	return name
}

// rules turns the validator's tags into the schema's own words.
func rules(p jsonschema.InterceptPropParams) error {
	if !p.Processed || p.PropertySchema == nil {
		return nil
	}
	if p.Field.Type == reflect.TypeFor[*uuid.UUID]() {
		s := jsonschema.Schema{}
		s.WithFormat("uuid")
		s.AddType(jsonschema.String)
		s.AddType(jsonschema.Null)
		*p.PropertySchema = s
	}
	tag := p.Field.Tag.Get("validate")
	for part := range strings.SplitSeq(tag, ",") {
		name, param, _ := strings.Cut(part, "=")
		switch name {
		case "required":
			p.ParentSchema.Required = append(p.ParentSchema.Required, p.Name)
		case "oneof":
			if p.PropertySchema.HasType(jsonschema.String) {
				var values []any
				if !strings.Contains(tag, "required") {
					values = append(values, "")
				}
				for v := range strings.FieldsSeq(param) {
					values = append(values, v)
				}
				if p.PropertySchema.HasType(jsonschema.Null) {
					values = append(values, nil)
				}
				p.PropertySchema.Enum = values
			}
		case "max", "min":
			bound(p.PropertySchema, name, param)
		}
	}
	return nil
}

func bound(s *jsonschema.Schema, name, param string) {
	var n int64
	if _, err := fmt.Sscan(param, &n); err != nil {
		return
	}
	f := float64(n)
	switch {
	case s.HasType(jsonschema.Integer) && name == "max":
		s.Maximum = &f
	case s.HasType(jsonschema.Integer):
		s.Minimum = &f
	case s.HasType(jsonschema.String) && name == "max":
		s.MaxLength = &n
	case s.HasType(jsonschema.Array) && name == "max":
		s.MaxItems = &n
	}
}

func add(r *openapi31.Reflector, op web.Registered) error {
	oc, err := r.NewOperationContext(op.Method, op.Path)
	if err != nil {
		return err
	}
	oc.SetID(op.ID)
	oc.SetSummary(op.Summary)
	oc.SetTags(op.Tag)
	if !op.Public {
		oc.AddSecurity("bearer")
	}
	if params := parameters(op); params != nil {
		oc.AddReqStructure(params)
	}
	if op.Query != nil {
		oc.AddReqStructure(op.Query)
	}
	switch {
	case op.RawIn:
		oc.AddReqStructure(nil, func(cu *openapi.ContentUnit) { cu.ContentType, cu.Format = "application/octet-stream", "binary" })
	case op.In != nil && op.Method != http.MethodGet:
		oc.AddReqStructure(op.In, func(cu *openapi.ContentUnit) { cu.ContentType = "application/json" })
	}
	oc.AddRespStructure(op.Out, func(cu *openapi.ContentUnit) {
		cu.HTTPStatus = op.Status
		if op.Out != nil {
			cu.ContentType = "application/json"
		}
		if op.ContentType != "" {
			cu.ContentType, cu.Format = op.ContentType, "binary"
		}
	})
	for _, status := range []int{400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503} {
		oc.AddRespStructure(web.Problem{}, func(cu *openapi.ContentUnit) { cu.HTTPStatus, cu.ContentType = status, "application/problem+json" })
	}
	return r.AddOperation(oc)
}

// parameters is a struct for the parts of the address and the conditional
// headers of an operation, made for the reflector; nil if there are none.
func parameters(op web.Registered) any {
	var fields []reflect.StructField
	text := reflect.TypeFor[string]()
	for _, m := range pathParam.FindAllStringSubmatch(op.Path, -1) {
		fields = append(fields, reflect.StructField{Name: strings.ToUpper(m[1][:1]) + m[1][1:], Type: text, Tag: reflect.StructTag(`path:"` + m[1] + `"`)})
	}
	if op.Idempotent {
		fields = append(fields, reflect.StructField{Name: "IdempotencyKey", Type: text, Tag: `header:"Idempotency-Key" description:"At most one effect per key and caller, for 72 hours."`})
	}
	if op.Versioned && op.Method != http.MethodGet {
		fields = append(fields, reflect.StructField{Name: "IfMatch", Type: text, Tag: `header:"If-Match" description:"Change only if this is still the version (ETag)."`})
	}
	if fields == nil {
		return nil
	}
	return reflect.New(reflect.StructOf(fields)).Interface()
}
