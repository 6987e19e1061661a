package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"opsdesk/internal/apptest"
)

// contract sends requests and holds each against the OpenAPI document: the
// request that was meant to be good, and every answer.
type contract struct {
	t    *testing.T
	v    validator.Validator
	seen map[string]bool
}

func newContract(t *testing.T, d *apptest.Desk) *contract {
	t.Helper()
	doc := d.Client("").Get("/api/v1/openapi.json")
	if doc.Status != 200 {
		t.Fatalf("openapi.json: %d", doc.Status)
	}
	parsed, err := libopenapi.NewDocument(doc.Body)
	if err != nil {
		t.Fatal(err)
	}
	v, problems := validator.NewValidator(parsed)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if ok, errs := v.ValidateDocument(); !ok {
		for _, e := range errs {
			t.Errorf("the document: %s %s", e.Message, e.Reason)
		}
	}
	return &contract{t, v, map[string]bool{}}
}

// call sends, checks the status, and validates request and answer.
func (c *contract) call(cl *apptest.Client, method, path string, in any, status int, headers ...string) map[string]any {
	c.t.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			c.t.Fatal(err)
		}
	}
	contentType := ""
	if body != nil {
		contentType = "application/json"
	}
	a := cl.Do(method, path, contentType, bytes.NewReader(body), headers...)
	if a.Status != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.Status, status, a.Body)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, cl.Base+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Authorization", "Bearer x")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res := &http.Response{StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)), Request: req}
	check := func(ok bool, what string, errs []string) {
		if !ok {
			c.t.Errorf("%s of %s %s (%d) is not as documented: %s\n%s", what, method, path, a.Status, strings.Join(errs, "; "), a.Body)
		}
	}
	if status < 400 {
		ok, errs := c.v.ValidateHttpRequest(req)
		var texts []string
		for _, e := range errs {
			texts = append(texts, e.Message+" "+e.Reason)
		}
		check(ok, "request", texts)
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	ok, errs := c.v.ValidateHttpResponse(req, res)
	var texts []string
	for _, e := range errs {
		texts = append(texts, e.Message+" "+e.Reason)
		for _, s := range e.SchemaValidationErrors {
			texts = append(texts, s.Reason+" at "+s.FieldPath)
		}
	}
	check(ok, "answer", texts)
	c.seen[method+" "+strings.SplitN(path, "?", 2)[0]] = true
	out := map[string]any{}
	if len(a.Body) > 0 && a.Body[0] == '{' {
		if err := json.Unmarshal(a.Body, &out); err != nil {
			c.t.Fatal(err)
		}
	}
	out["_etag"] = a.Header.Get("ETag")
	return out
}

// TestAPIStory carries an incident through its life over the API, and touches
// every kind of answer on the way.
func TestAPIStory(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := newContract(t, d)
	staff, eng, lead, aud, adm := d.API("staff"), d.API("engineer"), d.API("lead"), d.API("auditor"), d.API("admin")
	me := c.call(eng, "GET", "/api/v1/me", nil, 200)
	if me["username"] != "engineer" {
		t.Errorf("me: %v", me)
	}
	cfg := c.call(staff, "GET", "/api/v1/incident-config", nil, 200)
	category := ""
	for _, x := range cfg["categories"].([]any) {
		if m := x.(map[string]any); m["name_en"] == "Wireless" {
			category = m["id"].(string)
		}
	}
	i := c.call(staff, "POST", "/api/v1/incidents", map[string]any{"description": "No network", "impact": 2, "urgency": 1, "location": "A-3F"}, 201, "Idempotency-Key", "story-1")
	again := c.call(staff, "POST", "/api/v1/incidents", map[string]any{"description": "No network", "impact": 2, "urgency": 1, "location": "A-3F"}, 201, "Idempotency-Key", "story-1")
	if i["id"] != again["id"] || i["state"] != "new" || i["priority"] != float64(2) || i["desk"] != nil {
		t.Errorf("%v\n%v", i, again)
	}
	at := "/api/v1/incidents/" + i["number"].(string)
	c.call(staff, "GET", at, nil, 200)
	c.call(lead, "POST", at+"/accept", map[string]any{}, 422)
	c.call(lead, "PATCH", at, map[string]any{"category_id": category}, 412, "If-Match", `"v9"`)
	edited := c.call(lead, "PATCH", at, map[string]any{"category_id": category}, 200, "If-Match", i["_etag"].(string))
	c.call(lead, "POST", at+"/transfer", map[string]any{"team_id": teamID(t, c, lead, "Network"), "remark": "wireless"}, 200)
	got := c.call(eng, "POST", at+"/claim", nil, 200)
	if got["state"] != "accepted" || edited["_etag"] == got["_etag"] {
		t.Errorf("%v", got)
	}
	c.call(eng, "POST", at+"/claim", nil, 200)
	c.call(d.API("engineer2"), "POST", at+"/claim", nil, 409)
	c.call(eng, "POST", at+"/start", nil, 200)
	c.call(eng, "POST", at+"/replies", map[string]any{"body": "Which seat?"}, 200)
	c.call(eng, "POST", at+"/notes", map[string]any{"body": "AP again"}, 200)
	c.call(staff, "POST", at+"/notes", map[string]any{"body": "x"}, 403)
	c.call(eng, "POST", at+"/pend", map[string]any{"reason": "user"}, 200)
	c.call(staff, "POST", at+"/replies", map[string]any{"body": "E-112"}, 200)
	c.call(eng, "POST", at+"/tasks", map[string]any{"title": "Check AP"}, 200)
	tasks := c.call(eng, "GET", at+"/tasks", nil, 200)
	task := tasks["items"].([]any)[0].(map[string]any)["id"].(string)
	done := map[string]any{"resolution_code": "fixed", "cause": "Firmware", "process": "Rolled back"}
	c.call(eng, "POST", at+"/resolve", done, 409)
	c.call(eng, "POST", at+"/tasks/"+task, map[string]any{"done": true}, 200)
	c.call(eng, "POST", at+"/resolve", map[string]any{"resolution_code": "fixed"}, 422)
	c.call(eng, "POST", at+"/priority", map[string]any{"priority": 1, "reason": "board meeting"}, 200)
	c.call(eng, "POST", at+"/links", map[string]any{"number": "INC-000041", "relation": "related"}, 200)
	c.call(eng, "GET", at+"/links", nil, 200)
	c.call(eng, "POST", at+"/links/remove", map[string]any{"number": "INC-000041", "relation": "related"}, 200)
	c.call(eng, "POST", at+"/watch", map[string]any{"watch": true}, 200)
	c.call(eng, "POST", at+"/resolve", done, 200)
	c.call(eng, "POST", at+"/confirm", nil, 403)
	c.call(staff, "POST", at+"/reject", map[string]any{"reason": "still slow"}, 200)
	c.call(eng, "POST", at+"/resolve", done, 200)
	c.call(staff, "POST", at+"/confirm", nil, 200)
	c.call(staff, "POST", at+"/reopen", map[string]any{"reason": "again"}, 200)
	for _, part := range []string{"/replies", "/attachments", "/history"} {
		c.call(staff, "GET", at+part, nil, 200)
	}
	c.call(eng, "GET", at+"/notes", nil, 200)
	c.call(eng, "GET", "/api/v1/incidents?view=all&sort=updated&limit=5", nil, 200)
	c.call(eng, "GET", "/api/v1/incidents?view=nonsense", nil, 422)
	c.call(eng, "GET", "/api/v1/incidents?cursor=%21", nil, 400)
	c.call(staff, "GET", "/api/v1/incidents/INC-999999", nil, 404)
	d.Drain()
	c.call(staff, "GET", "/api/v1/notifications", nil, 200)
	c.call(staff, "POST", "/api/v1/notifications/read", map[string]any{}, 204)
	c.call(lead, "GET", "/api/v1/outbox", nil, 200)
	c.call(adm, "GET", "/api/v1/people?q=li", nil, 200)
	c.call(adm, "GET", "/api/v1/departments", nil, 200)
	c.call(adm, "POST", "/api/v1/people", map[string]any{"username": "new.one", "name": "New One"}, 403)
	c.call(lead, "GET", "/api/v1/directory?q=wang", nil, 200)
	c.call(lead, "PUT", "/api/v1/incident-config/settings", map[string]any{"auto_close_days": 3, "reopen_days": 10}, 204)
	c.call(lead, "PUT", "/api/v1/incident-config/matrix", map[string]any{"cells": []any{}}, 422)
	c.call(staff, "GET", "/api/v1/trail", nil, 403)
	d.Seal()
	entries := c.call(aud, "GET", "/api/v1/trail?number="+i["number"].(string), nil, 200)
	first := entries["items"].([]any)[0].(map[string]any)
	c.call(aud, "GET", fmt.Sprintf("/api/v1/trail/%.0f", first["id"]), nil, 200)
	c.call(aud, "GET", fmt.Sprintf("/api/v1/trail/%.0f/proof", first["id"]), nil, 200)
	c.call(aud, "GET", "/api/v1/trail/checkpoint", nil, 200)
	c.call(aud, "POST", "/api/v1/trail/checks", nil, 202)
	d.Drain()
	checks := c.call(aud, "GET", "/api/v1/trail/checks", nil, 200)
	if check := checks["items"].([]any)[0].(map[string]any); len(check["findings"].([]any)) != 0 || check["size"].(float64) < 20 {
		t.Errorf("the trail does not verify: %v", check)
	}
	if len(c.seen) < 40 {
		t.Errorf("only %d operations were called", len(c.seen))
	}
}

func teamID(t *testing.T, c *contract, cl *apptest.Client, name string) string {
	t.Helper()
	for _, x := range c.call(cl, "GET", "/api/v1/teams", nil, 200)["items"].([]any) {
		if m := x.(map[string]any); m["name_en"] == name {
			return m["id"].(string)
		}
	}
	t.Fatalf("no team %s", name)
	return ""
}

func TestAPIRefusesBadRequests(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	staff := d.API("staff")
	for name, x := range map[string]struct {
		body, contentType string
		status            int
		code              string
	}{
		"not json":      {"{", "application/json", 400, "error.bad_json"},
		"twice a name":  {`{"description":"a","description":"b"}`, "application/json", 400, "error.bad_json"},
		"unknown field": {`{"desc":"a"}`, "application/json", 400, "error.bad_json"},
		"two documents": {`{}{}`, "application/json", 400, "error.bad_json"},
		"wrong type":    {`{"impact":"high"}`, "application/json", 422, "error.invalid"},
		"a form":        {"description=x", "application/x-www-form-urlencoded", 415, "error.unsupported_media"},
		"too large":     {`{"description":"` + strings.Repeat("x", 1<<20) + `"}`, "application/json", 413, "error.too_large"},
		"empty":         {`{}`, "application/json", 422, "error.invalid"},
	} {
		a := staff.Do("POST", "/api/v1/incidents", x.contentType, strings.NewReader(x.body))
		var p struct{ Code, Title string }
		if err := json.Unmarshal(a.Body, &p); err != nil || a.Status != x.status || p.Code != x.code || p.Title == "" || p.Title == p.Code {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if a := d.Client("").JSON("GET", "/api/v1/me", nil, nil); a.Status != 401 || a.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a token: %d", a.Status)
	}
	if a := d.Client("").Get("/api/v1/me", "Authorization", "Bearer opsdesk_wrong"); a.Status != 401 {
		t.Errorf("with a wrong token: %d", a.Status)
	}
	if a := staff.Do("DELETE", "/api/v1/incidents", "", nil); a.Status != 405 {
		t.Errorf("a method that is not there: %d", a.Status)
	}
}
