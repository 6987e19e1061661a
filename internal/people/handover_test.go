package people_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/people"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/trail"
)

// An account with open work is not disabled; the work is handed on as a job,
// record by record, through the ordinary use case, and then it is.
func TestOpenWorkIsHandedOnBeforeAnAccountIsDisabled(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p, err := identity.ByUsername(t.Context(), d.Pool, "qian.fei", "engineer", "engineer2")
	if err != nil {
		t.Fatal(err)
	}
	leaver, eng := p["qian.fei"], p["engineer"]
	lead := d.As("lead")
	make := func(secret bool) incident.Incident {
		t.Helper()
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "A title to be hidden", Impact: 3, Urgency: 3, Location: "A", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		if i, err = d.Incidents.Assign(lead, i.ID, incident.AssignInput{AssigneeID: &leaver}); err != nil {
			t.Fatal(err)
		}
		if secret {
			if i, err = d.Incidents.Hide(lead, i.ID, incident.StepInput{}); err != nil {
				t.Fatal(err)
			}
		}
		return i
	}
	one, two, secret := make(false), make(false), make(true)
	// A task on somebody else's ticket is work, too.
	others, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "Theirs", Impact: 3, Urgency: 3, Location: "A", Channel: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.Assign(lead, others.ID, incident.AssignInput{AssigneeID: &eng}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Incidents.AddTask(lead, others.ID, incident.TaskInput{Title: "look at the cable", AssigneeID: &leaver}); err != nil {
		t.Fatal(err)
	}
	system := identity.With(t.Context(), identity.NewSystem("importer"))
	if _, err := d.People.Activate(system, leaver, people.ActivateInput{}); fault.Of(err) == nil || fault.Of(err).Code != "people.error.open_work" {
		t.Fatalf("disabled with open work: %v", err)
	}
	for _, who := range []string{"engineer", "staff", "security", "auditor"} {
		if a := d.Client(who).Get("/people/" + leaver.String() + "/work"); a.Status != 403 {
			t.Errorf("%s: %d", who, a.Status)
		}
	}
	admin := d.Client("admin")
	path := "/people/" + leaver.String() + "/work"
	page := admin.Get(path).Text()
	if !strings.Contains(page, one.Label()) || strings.Contains(page, "A title to be hidden") {
		t.Error("an administrator of accounts reads tickets, or does not see what is open")
	}
	if page = d.Client("lead").Get(path).Text(); !strings.Contains(page, "A title to be hidden") {
		t.Error("the lead does not see the titles")
	}
	if !strings.Contains(page, others.Label()) || !strings.Contains(page, "tasks only") {
		t.Error("the task on another's ticket is not listed")
	}
	if a := admin.Post(path, url.Values{"to": {"team:" + uuid.NewString()}}); a.Status != 422 {
		t.Errorf("to a team that there is not: %d", a.Status)
	}
	if a := admin.Post(path, url.Values{"to_" + one.ID.String(): {"person:" + eng.String()}}); a.Status != 422 || !strings.Contains(a.Text(), "choose a team or a person") {
		t.Errorf("no place for the rest: %d", a.Status)
	}
	if a := admin.Post(path, url.Values{"to": {"person:" + leaver.String()}}); a.Status != 422 {
		t.Errorf("to the leaver: %d", a.Status)
	}
	if a := admin.Post(path, url.Values{"to": {"person:" + uuid.NewString() + "x"}}); a.Status != 422 {
		t.Errorf("nonsense: %d", a.Status)
	}
	teams, err := identity.Teams(t.Context(), d.Pool)
	if err != nil {
		t.Fatal(err)
	}
	var network uuid.UUID
	for _, x := range teams {
		if x.NameEn == "Network" {
			network = x.ID
		}
	}
	a := admin.Post(path, url.Values{"to": {"team:" + network.String()}, "to_" + one.ID.String(): {"person:" + eng.String()}, "to_" + others.ID.String(): {"person:" + eng.String()}})
	if a.Status != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/jobs/") {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	d.Drain()
	b, err := d.Batches.Get(d.As("admin"), uuid.MustParse(strings.TrimPrefix(a.Header.Get("Location"), "/jobs/")))
	if err != nil || b.State != batch.Done || b.Succeeded != b.Total || b.Refused != 0 {
		t.Fatalf("%v %+v", err, b)
	}
	tasks, err := d.Incidents.Tasks(lead, others.ID)
	if err != nil || len(tasks) != 1 || tasks[0].AssigneeID == nil || *tasks[0].AssigneeID != eng {
		t.Errorf("the task: %+v %v", tasks, err)
	}
	if now, _, err := d.Incidents.Get(lead, others.ID); err != nil || *now.AssigneeID != eng {
		t.Errorf("the ticket of the task: %v", err)
	}
	var waits int
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM record_waits WHERE record_id = $1 AND person_id = $2`, others.ID, eng).Scan(&waits); err != nil || waits != 1 {
		t.Errorf("%d tasks wait in the new holder's inbox: %v", waits, err)
	}
	for i, want := range map[uuid.UUID]*uuid.UUID{one.ID: &eng, two.ID: nil, secret.ID: nil} {
		now, _, err := d.Incidents.Get(lead, i)
		if err != nil || (now.AssigneeID == nil) != (want == nil) || want != nil && *now.AssigneeID != *want || want == nil && *now.TeamID != network {
			t.Errorf("%v %v %v", err, now.AssigneeID, now.TeamID)
		}
		l, err := trail.OfRecord(t.Context(), d.Pool, i, 50)
		if err != nil || l[len(l)-1].ActorName != "handover" || l[len(l)-1].Action != incident.ActionAssign {
			t.Errorf("%v %+v", err, l[len(l)-1])
		}
	}
	if a := d.Client("lead").Get("/people/records/" + one.Label()); a.Status != 303 || a.Header.Get("Location") != "/incidents/"+one.Label() {
		t.Errorf("%d", a.Status)
	}
	if a := admin.Get("/people/records/" + one.Label()); a.Status != 404 {
		t.Errorf("the administrator is led to a ticket: %d", a.Status)
	}
	if x, err := d.People.Activate(system, leaver, people.ActivateInput{}); err != nil || x.Active {
		t.Errorf("not disabled: %v", err)
	}
	if _, err := d.People.HandOver(d.As("admin"), leaver, people.HandOverInput{To: "team:" + network.String()}); fault.Of(err) == nil || fault.Of(err).Code != "people.error.nothing_open" {
		t.Error(err)
	}
}

// Leads mark VIPs; engineers see it, and may not.
func TestVIPs(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p, err := identity.ByUsername(t.Context(), d.Pool, "staff")
	if err != nil {
		t.Fatal(err)
	}
	for who, ok := range map[string]bool{"engineer": false, "staff": false, "security": false, "lead": true, "admin": true} {
		_, err := d.People.MarkVIP(d.As(who), p["staff"], people.VIPInput{VIP: true})
		if (err == nil) != ok {
			t.Errorf("%s: %v", who, err)
		}
	}
	if page := d.Client("engineer").Get("/incidents/INC-000041").Text(); !strings.Contains(page, "VIP") || strings.Contains(page, "No longer VIP") {
		t.Error("the engineer's page")
	}
	if a := d.Client("lead").Post("/people/"+p["staff"].String()+"/vip", url.Values{"vip": {"false"}, "return": {"/incidents/INC-000041"}}); a.Status != 303 || a.Header.Get("Location") != "/incidents/INC-000041" {
		t.Error(a.Status)
	}
}

// However much there is, one job hands all of it on.
func TestHandOverOfAnyNumber(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p, err := identity.ByUsername(t.Context(), d.Pool, "qian.fei", "engineer")
	if err != nil {
		t.Fatal(err)
	}
	leaver, eng := p["qian.fei"], p["engineer"]
	for range 105 {
		i, err := d.Incidents.Create(d.As("staff"), incident.CreateInput{Description: "One of many", Impact: 3, Urgency: 3, Location: "A", Channel: "portal"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Incidents.Assign(d.As("lead"), i.ID, incident.AssignInput{AssigneeID: &leaver}); err != nil {
			t.Fatal(err)
		}
	}
	open, n, err := d.People.Open(d.As("admin"), leaver)
	if err != nil || len(open) != 100 || n < 105 {
		t.Fatalf("%d of %d listed: %v", len(open), n, err)
	}
	b, err := d.People.HandOver(d.As("admin"), leaver, people.HandOverInput{To: "person:" + eng.String()})
	if err != nil || b.Total != n {
		t.Fatalf("%d of %d: %v", b.Total, n, err)
	}
	d.Drain()
	if _, n, err := d.People.Open(d.As("admin"), leaver); err != nil || n != 0 {
		t.Errorf("%d are left: %v", n, err)
	}
	system := identity.With(t.Context(), identity.NewSystem("importer"))
	if x, err := d.People.Activate(system, leaver, people.ActivateInput{}); err != nil || x.Active {
		t.Errorf("not disabled: %v", err)
	}
}

// What somebody holds is of several kinds, and each names its states itself.
func TestOpenWorkNamesItsStates(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	p, err := identity.ByUsername(t.Context(), d.Pool, "engineer")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := d.People.Open(d.As("lead"), p["engineer"])
	if err != nil || !slices.ContainsFunc(list, func(o people.OpenWork) bool { return o.Kind == "servicerequest" && o.Category != "" }) {
		t.Fatalf("no request is held: %v %v", list, err)
	}
	if page := d.Client("lead").Get("/people/" + p["engineer"].String() + "/work").Text(); strings.Contains(page, ".state.") || !strings.Contains(page, "Being fulfilled") {
		t.Error(page)
	}
}
