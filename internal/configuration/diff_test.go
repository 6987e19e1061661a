package configuration_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
	"opsdesk/internal/platform/fault"
)

// lifeAt begins an item at an instant; by the hour its system is changed, one
// relation ends and another begins, and its place is changed and put back.
func lifeAt(t *testing.T, d *apptest.Desk, at time.Time) (i, first, second configuration.Item) {
	t.Helper()
	ctx := d.As("configmanager")
	must := func(_ configuration.Item, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	hour := func(n int) { d.SetClock(at.Add(time.Duration(n) * time.Hour)) }
	hour(0)
	i = enter(t, d, "server", "df-srv", func(in *configuration.CreateInput) { in.Attributes["os"], in.Location = "Debian 11", "R1" })
	first, second = enter(t, d, "switch", "df-sw1", nil), enter(t, d, "switch", "df-sw2", nil)
	relate(t, d, i, "connected_to", first)
	hour(1)
	must(d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Attributes: map[string]any{"os": "Debian 12"}, ChangeRef: "CHG-0007"}))
	hour(2)
	ties, err := d.Configuration.Relations(ctx, i.ID)
	if err != nil || len(ties) != 1 {
		t.Fatal(ties, err)
	}
	must(d.Configuration.Part(ctx, i.ID, configuration.PartInput{RelationID: ties[0].ID, ChangeRef: "CHG-0008"}))
	relate(t, d, i, "connected_to", second)
	hour(3)
	for _, place := range []string{"R2", "R1"} {
		must(d.Configuration.Edit(ctx, i.ID, configuration.EditInput{Location: &place}))
	}
	hour(4)
	return i, first, second
}

func TestDiff(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	i, _, _ := lifeAt(t, d, at)
	ctx := d.As("engineer")
	diff, err := d.Configuration.Diff(ctx, i.ID, at.Add(30*time.Minute), at.Add(4*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]configuration.FieldDiff{}
	for _, f := range diff.Fields {
		fields[f.Field] = f
	}
	if f := fields["attributes.os"]; !f.Changed() || f.Before != "Debian 11" || f.After != "Debian 12" || f.By == nil || f.By.SourceRef != "CHG-0007" {
		t.Errorf("os: %+v", f)
	}
	if f := fields["location"]; f.Changed() || f.By == nil {
		t.Errorf("a place that changed and came back: %+v", f)
	}
	if f := fields["name"]; f.Changed() || f.By != nil {
		t.Errorf("name: %+v", f)
	}
	if diff.Fields[0].Field != "attributes.os" {
		t.Errorf("what differs does not come first: %+v", diff.Fields)
	}
	there := map[string][2]bool{}
	for _, x := range diff.Ties {
		there[x.Other.Name] = [2]bool{x.Before, x.After}
	}
	if len(there) != 2 || there["df-sw1"] != [2]bool{true, false} || there["df-sw2"] != [2]bool{false, true} {
		t.Errorf("relations: %v", there)
	}
	// Before it was, nothing is there; its end must not be before its beginning,
	// nor to come.
	if diff, err = d.Configuration.Diff(ctx, i.ID, at.Add(-time.Hour), at); err != nil || diff.Before != nil || len(diff.Fields) == 0 || diff.Fields[0].By == nil {
		t.Errorf("%+v %v", diff, err)
	}
	for code, pair := range map[string][2]time.Duration{
		"configuration.error.reversed": {2 * time.Hour, time.Hour}, "configuration.error.future": {0, 24 * time.Hour}, "configuration.error.before_it_was": {-2 * time.Hour, -time.Hour},
	} {
		if _, err := d.Configuration.Diff(ctx, i.ID, at.Add(pair[0]), at.Add(pair[1])); fieldOf(err, "to") != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := d.Configuration.Diff(d.As("staff"), i.ID, at, at); fault.Of(err).Kind != fault.NotFound {
		t.Errorf("staff: %v", err)
	}
}

func TestDiffPage(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	at := time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Second)
	i, _, second := lifeAt(t, d, at)
	d.SetClock(time.Time{})
	c := d.Client("engineer")
	page := "/configuration/" + i.Label() + "/diff"
	q := func(from, to string) string { return page + "?" + url.Values{"from": {from}, "to": {to}}.Encode() }
	whole := c.Get(q(at.Format(time.RFC3339), at.Add(5*time.Hour).Format(time.RFC3339)))
	for _, want := range []string{"Debian 11", "Debian 12", "CHG-0007", "df-sw1", "df-sw2", "CHG-0008"} {
		if !strings.Contains(whole.Text(), want) {
			t.Errorf("status %d, no %s", whole.Status, want)
		}
	}
	// Two instants of one minute are told apart.
	near := c.Get(q(at.Add(time.Second).Format(time.RFC3339), at.Add(2*time.Second).Format(time.RFC3339))).Text()
	if heads := regexp.MustCompile(`<th scope="col">(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)</th>`).FindAllStringSubmatch(near, -1); len(heads) != 4 || heads[0][1] == heads[1][1] {
		t.Errorf("headings: %v", heads)
	}
	if a := c.Get(page); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Debian 12") {
		t.Errorf("without instants: %d", a.Status)
	}
	for want, address := range map[string]string{
		"before the first one":    q("2026-03-02T10:00", "2026-03-01T10:00"),
		"in the future":           q("2026-03-02T10:00", "2999-03-01T10:00"),
		"value=\"yesterday\"":     q("yesterday", "2026-03-01T10:00"),
		"value=\"the day after\"": q("2026-03-02T10:00", "the day after"),
	} {
		if a := c.Get(address); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), want) {
			t.Errorf("%s: %d, no %q", address, a.Status, want)
		}
	}

	// Relations: those of an instant, and those that ended.
	rel := "/configuration/" + i.Label() + "/relations"
	now := c.Get(rel).Text()
	if past := now[strings.Index(now, `id="ended"`):]; !strings.Contains(past, "df-sw1") || strings.Contains(past, "df-sw2") || !strings.Contains(past, "CHG-0008") {
		t.Error("past relations are wrong")
	}
	then := c.Get(rel + "?at=" + at.Add(time.Hour).Format(time.RFC3339)).Text()
	if of := then[:strings.Index(then, `id="ended"`)]; !strings.Contains(of, "df-sw1") || strings.Contains(of, "df-sw2") {
		t.Error("relations at an instant are wrong")
	}
	if a := c.Get(rel + "?at=soon"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a bad instant: %d", a.Status)
	}

	api := d.API("engineer")
	var rels struct {
		Items []struct {
			Item        struct{ ID, Name string }
			EndedSource string `json:"ended_source"`
			EndedRef    string `json:"ended_ref"`
		}
	}
	api.JSON(http.MethodGet, "/api/v1"+rel+"?ended=true", nil, &rels)
	if len(rels.Items) != 1 || rels.Items[0].Item.Name != "df-sw1" || rels.Items[0].EndedSource != "change" || rels.Items[0].EndedRef != "CHG-0008" {
		t.Errorf("%+v", rels)
	}
	api.JSON(http.MethodGet, "/api/v1"+rel+"?at="+at.Add(150*time.Minute).Format(time.RFC3339), nil, &rels)
	if len(rels.Items) != 1 || rels.Items[0].Item.ID != second.ID.String() {
		t.Errorf("%+v", rels)
	}
	var diff struct {
		Changes []struct {
			Field     string
			SourceRef string `json:"source_ref"`
		}
		Relations []struct{ Before, After bool }
	}
	api.JSON(http.MethodGet, "/api/v1"+page+"?from="+at.Format(time.RFC3339)+"&to="+at.Add(5*time.Hour).Format(time.RFC3339), nil, &diff)
	if len(diff.Changes) != 1 || diff.Changes[0].SourceRef != "CHG-0007" || len(diff.Relations) != 2 {
		t.Errorf("%+v", diff)
	}

	// The next of those that ended are of the same instant.
	relateMany(t, d, i, 52)
	next := regexp.MustCompile(`href="([^"]+ended=[^"]+#ended)"`).FindStringSubmatch(c.Get(rel + "?at=" + at.Add(time.Hour).Format(time.RFC3339)).Text())
	if next == nil {
		t.Fatal("no more relations that ended")
	}
	if more := c.Get(strings.TrimSuffix(html.UnescapeString(next[1]), "#ended")).Text(); !strings.Contains(more, "Relations at that instant") || !strings.Contains(more[:strings.Index(more, `id="ended"`)], "df-sw1") {
		t.Error("the next page of past relations is of another instant")
	}
}

// relateMany ends many relations of an item.
func relateMany(t *testing.T, d *apptest.Desk, i configuration.Item, n int) {
	t.Helper()
	statement(fmt.Sprintf(`INSERT INTO ci_relations (id, type_id, from_id, to_id, source, source_ref, created_by, created_name, created_at, ended_at, ended_by, ended_name, ended_source, ended_ref)
		SELECT gen_random_uuid(), type_id, from_id, to_id, source, source_ref, created_by, created_name, created_at, ended_at + g * interval '1 second', ended_by, ended_name, ended_source, ended_ref
		FROM ci_relations, generate_series(1, %d) g WHERE from_id = '%s' AND ended_at IS NOT NULL`, n, i.ID))(t, d, configuration.Baseline{})
}
