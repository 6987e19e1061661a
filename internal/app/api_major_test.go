package app_test

import (
	"testing"

	"opsdesk/internal/apptest"
)

// TestAPIMajorIncident carries a major incident from its proposal to the
// signed review over the API, with children and "me too"; every answer is as
// documented.
func TestAPIMajorIncident(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := newContract(t, d)
	staff, eng, lead, mgr, imp := d.API("staff"), d.API("engineer"), d.API("lead"), d.API("manager"), d.API("implementer")
	number := func(m map[string]any) string { return m["number"].(string) }
	report := func() string {
		return number(c.call(staff, "POST", "/api/v1/incidents", map[string]any{"description": "No network", "impact": 1, "urgency": 1, "location": "A-3F"}, 201))
	}
	p, a, b := report(), report(), report()
	at, major, notice := "/api/v1/incidents/"+p, "/api/v1/majors/"+p, "/api/v1/announcements/"+p
	c.call(lead, "POST", at+"/children", map[string]any{"numbers": a + " " + p}, 422)
	c.call(lead, "POST", at+"/children", map[string]any{"numbers": a, "as": "same"}, 200)
	c.call(lead, "POST", "/api/v1/incidents/"+b+"/parent", map[string]any{"number": p, "as": "part"}, 200)
	c.call(lead, "POST", "/api/v1/incidents/"+b+"/parent/remove", nil, 200)
	if l := c.call(eng, "GET", at+"/children?limit=10", nil, 200); l["count"] != float64(1) {
		t.Errorf("%v", l)
	}
	c.call(eng, "GET", at+"/cascade", nil, 404)
	c.call(eng, "POST", at+"/propose", map[string]any{"reason": "a floor is cut off"}, 200)
	c.call(eng, "POST", at+"/declare", map[string]any{"reason": "x"}, 403)
	c.call(lead, "POST", at+"/declare", map[string]any{"reason": "two floors", "title_en": "Network down", "text_en": "We are on it.", "notify_management": true}, 200)
	c.call(lead, "POST", at+"/declare", map[string]any{"reason": "again"}, 409)
	d.Drain()
	c.call(imp, "GET", "/api/v1/announcements", nil, 200)
	for range 2 {
		if x := c.call(imp, "POST", notice+"/me-too", map[string]any{"note": "hall 2"}, 200); x["affected"] != float64(2) || x["mine"] != true {
			t.Errorf("%v", x)
		}
	}
	c.call(imp, "DELETE", notice+"/me-too", nil, 204)
	c.call(imp, "GET", notice, nil, 200)
	c.call(lead, "POST", at+"/update", map[string]any{"text_zh": "正在更换板卡。"}, 200)
	c.call(lead, "POST", at+"/notice", map[string]any{"text_en": "One more hour."}, 200)
	c.call(lead, "POST", at+"/log", map[string]any{"text": "Vendor called"}, 200)
	c.call(lead, "POST", at+"/roles", map[string]any{"cadence_minutes": 30}, 422)
	c.call(mgr, "GET", major, nil, 200)
	c.call(staff, "GET", major, nil, 404)
	c.call(staff, "GET", "/api/v1/majors", nil, 403)
	if l := c.call(eng, "GET", "/api/v1/majors?list=open", nil, 200); len(l["items"].([]any)) != 1 {
		t.Errorf("%v", l)
	}
	c.call(lead, "POST", at+"/end", map[string]any{"reason": "works again"}, 200)
	c.call(lead, "POST", notice+"/me-too", nil, 409)
	review := major + "/review"
	c.call(eng, "PUT", review, map[string]any{"summary": "x"}, 403)
	hm := lead
	r := c.call(hm, "PUT", review, map[string]any{"summary": "Card failed", "impact": "40 people", "cause": "Old firmware", "went_well": "Quick", "started_at": "2026-11-20T08:00:00Z"}, 200)
	if r["review"].(map[string]any)["state"] != "draft" {
		t.Errorf("%v", r)
	}
	c.call(hm, "POST", review+"/submit", map[string]any{}, 422)
	owner := c.call(eng, "GET", "/api/v1/me", nil, 200)["id"]
	r = c.call(hm, "POST", major+"/actions", map[string]any{"title": "Update", "owner_id": owner, "due_on": "2026-12-24T00:00:00Z"}, 200)
	action := r["review"].(map[string]any)["actions"].([]any)[0].(map[string]any)["id"].(string)
	c.call(hm, "POST", major+"/actions/"+action, map[string]any{"done": true}, 200)
	c.call(hm, "DELETE", major+"/actions/"+action, nil, 204)
	c.call(hm, "POST", major+"/actions", map[string]any{"title": "Update", "owner_id": owner, "due_on": "2026-12-24T00:00:00Z"}, 200)
	c.call(hm, "POST", review+"/submit", nil, 200)
	c.call(hm, "POST", review+"/sign", nil, 403)
	c.call(hm, "POST", review+"/return", map[string]any{"reason": "x"}, 403)
	cfg := c.call(lead, "GET", "/api/v1/incident-config/majors", nil, 200)
	delete(cfg, "_etag")
	c.call(lead, "PUT", "/api/v1/incident-config/majors", cfg, 204)
	c.call(lead, "POST", at+"/unannounce", nil, 200)
}
