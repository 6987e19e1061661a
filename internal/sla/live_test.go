package sla_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/service"
)

// TestAServiceGoesLiveWithOwnerAndAgreementOnly, control SLA-01, whichever way
// somebody tries.
func TestAServiceGoesLiveWithOwnerAndAgreementOnly(t *testing.T) {
	t.Parallel()
	d := desk(t)
	lead := d.As("lead")
	owner := person(t, d, "tao.lin")
	in := service.Input{NameZh: "门禁", NameEn: "Door access", State: service.Live}
	refused := func(err error, field string) {
		t.Helper()
		if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := d.Services.Create(lead, in)
	refused(err, "owner_id")
	in.OwnerID = &owner
	d.SetClock(on(t, "2014-12-01 09:00").UTC()) // before the first agreement
	_, err = d.Services.Create(lead, in)
	refused(err, "state")
	in.State = service.Draft
	s, err := d.Services.Create(lead, in)
	if err != nil {
		t.Fatal(err)
	}
	in.Version, in.State = s.Version, service.Live
	_, err = d.Services.Edit(lead, s.ID, in)
	refused(err, "state")
	d.SetClock(on(t, "2026-03-10 09:00").UTC())
	in.OwnerID = nil
	_, err = d.Services.Edit(lead, s.ID, in)
	refused(err, "owner_id")
	in.OwnerID = &owner
	if s, err = d.Services.Edit(lead, s.ID, in); err != nil || s.State != service.Live {
		t.Errorf("with both: %v, %s", err, s.State)
	}

	// The pages of incidents made services live once, without asking anybody.
	c := d.Client("lead")
	for _, path := range []string{"/settings/incidents/services", "/api/v1/incident-config/services"} {
		if got := c.Post(path, url.Values{"name_zh": {"后门"}, "name_en": {"Back door"}, "active": {"true"}}); got.Status != http.StatusNotFound && got.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s answers %d", path, got.Status)
		}
	}
	if page := c.Get("/settings/incidents"); !strings.Contains(page.Text(), `href="/settings/services"`) {
		t.Error("the settings of incidents do not lead to the services")
	}
}
