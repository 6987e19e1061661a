package web

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// MaxBody is the largest JSON body or plain form, in bytes. Uploads have their
// own limit.
const MaxBody = 1 << 20

// Decode fills in from a JSON body or a form, by content type, so that one
// input type serves page and API. What cannot be read is Malformed; a value of
// the wrong type is Invalid and names its field, and every other field is
// filled all the same, so that the form comes back as it was typed.
func Decode(r *http.Request, in any) error {
	ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case ct == "application/json":
		return decodeJSON(r.Body, in)
	case IsAPI(r) && r.ContentLength != 0:
		return fault.New(fault.Unsupported, "error.unsupported_media")
	case ct == "multipart/form-data":
		if r.MultipartForm == nil {
			return fault.New(fault.Unsupported, "error.unsupported_media")
		}
		return Form(r.Form, in)
	}
	r.Body = http.MaxBytesReader(nil, r.Body, MaxBody)
	if err := r.ParseForm(); err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return fault.Wrap(fault.TooLarge, "error.too_large", err)
		}
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	return Form(r.Form, in)
}

func decodeJSON(body io.Reader, in any) error {
	b, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	if err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_json", err)
	}
	if len(b) > MaxBody {
		return fault.New(fault.TooLarge, "error.too_large")
	}
	if err := unique(json.NewDecoder(bytes.NewReader(b))); err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_json", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(in)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return fault.New(fault.Malformed, "error.bad_json")
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fault.OnField(wrong.Field, "validation.type")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &fault.Error{Kind: fault.Malformed, Code: "error.bad_json", Fields: []fault.Field{{Name: strings.Trim(name, `"`), Code: "validation.unknown_field"}}}
	}
	return fault.Wrap(fault.Malformed, "error.bad_json", err)
}

// unique refuses a document in which one object has a name twice: parsers
// disagree about which one counts (ASVS 1.5.2).
func unique(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			if s, _ := k.(string); seen[s] {
				return errors.New("duplicate name " + s)
			} else {
				seen[s] = true
			}
		}
		if err := unique(d); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// Form sets the fields of in from a form by their json tags. A field that the
// form does not have keeps its value; an empty one is cleared.
func Form(f url.Values, in any) error {
	out := fault.New(fault.Invalid, "error.invalid")
	setForm(f, reflect.ValueOf(in).Elem(), out)
	if len(out.Fields) > 0 {
		return out
	}
	return nil
}

func setForm(f url.Values, v reflect.Value, out *fault.Error) {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if sf.Anonymous {
			setForm(f, v.Field(i), out)
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		values, ok := f[name]
		if name == "" || name == "-" || !ok {
			continue
		}
		if code := setValue(v.Field(i), values); code != "" {
			out.Fields = append(out.Fields, fault.Field{Name: name, Code: code})
		}
	}
}

var timeType = reflect.TypeFor[time.Time]()

func setValue(v reflect.Value, values []string) string {
	s := strings.ReplaceAll(values[len(values)-1], "\r\n", "\n")
	switch {
	case v.Kind() == reflect.Pointer:
		if strings.TrimSpace(s) == "" {
			v.SetZero()
			return ""
		}
		n := reflect.New(v.Type().Elem())
		if code := setValue(n.Elem(), values); code != "" {
			return code
		}
		v.Set(n)
		return ""
	case v.Type() == timeType:
		if strings.TrimSpace(s) == "" {
			v.SetZero()
			return ""
		}
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
			if t, err := time.Parse(layout, s); err == nil {
				v.Set(reflect.ValueOf(t))
				return ""
			}
		}
		return "validation.datetime"
	case v.Type() == reflect.TypeFor[uuid.UUID]():
		if strings.TrimSpace(s) == "" {
			v.SetZero()
			return ""
		}
		id, err := uuid.Parse(strings.TrimSpace(s))
		if err != nil {
			return "validation.uuid"
		}
		v.Set(reflect.ValueOf(id))
		return ""
	case v.Kind() == reflect.Slice:
		list := reflect.MakeSlice(v.Type(), 0, len(values))
		for _, x := range values {
			if strings.TrimSpace(x) == "" {
				continue
			}
			n := reflect.New(v.Type().Elem()).Elem()
			if code := setValue(n, []string{x}); code != "" {
				return code
			}
			list = reflect.Append(list, n)
		}
		v.Set(list)
		return ""
	case v.Kind() == reflect.String:
		v.SetString(s)
		return ""
	case v.Kind() == reflect.Bool:
		v.SetBool(s == "on" || s == "true" || s == "1")
		return ""
	case v.CanInt():
		if strings.TrimSpace(s) == "" {
			v.SetZero()
			return ""
		}
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, v.Type().Bits())
		if err != nil {
			return "validation.number"
		}
		v.SetInt(n)
		return ""
	case v.CanFloat():
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || n != n || n > 1e300 || n < -1e300 {
			return "validation.number"
		}
		v.SetFloat(n)
		return ""
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && u.UnmarshalText([]byte(s)) == nil {
		return ""
	}
	return "validation.type"
}

func queryEscape(s string) string { return url.QueryEscape(s) }

// Local returns path if it leads to a page of this desk, else "/": a redirect
// never leaves the desk, whatever a link asks for.
func Local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return path
}
