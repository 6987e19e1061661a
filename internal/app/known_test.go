package app_test

import (
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/people"
)

// A person who is renamed at one desk process has their new name on the next
// page of another, which had shown the old one from memory.
func TestKnownPeopleAreNeverStale(t *testing.T) {
	t.Parallel()
	a := apptest.New(t, apptest.Options{})
	b := a.Twin(apptest.Options{})
	c := a.Client("lead")
	page := func() string { return c.Get("/incidents/INC-000041").Text() } // in either language
	i, _, err := a.Incidents.Get(a.As("lead"), incidentID(t, a))
	if err != nil {
		t.Fatal(err)
	}
	admin := b.As("admin")
	p, err := b.People.Get(admin, i.RequesterID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // read, and known
		if text := page(); !strings.Contains(text, p.Name) && !strings.Contains(text, p.NameEn) {
			t.Fatal("the page does not name who reported")
		}
	}
	if _, err := b.People.EditPerson(admin, p.ID, people.PersonInput{
		Version: p.Version, Username: p.Username, Name: "欧阳锋", NameEn: "Ouyang Feng", Email: p.Email, Phone: p.Phone, Title: p.Title, Location: p.Location,
		DepartmentID: p.DepartmentID, Lang: p.Lang, TimeZone: p.TimeZone, VIP: p.VIP,
	}); err != nil {
		t.Fatal(err)
	}
	if text := page(); !strings.Contains(text, "欧阳锋") && !strings.Contains(text, "Ouyang Feng") {
		t.Error("the page shows the name of before")
	}
}
