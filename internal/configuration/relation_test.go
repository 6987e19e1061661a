package configuration_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
	"opsdesk/internal/platform/fault"
)

func relationType(t *testing.T, d *apptest.Desk, key string) uuid.UUID {
	t.Helper()
	list, err := d.Configuration.RelationTypes(d.As("configmanager"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Key == key {
			return x.ID
		}
	}
	t.Fatalf("no relation type %s", key)
	return uuid.Nil
}

// relate makes "from key to".
func relate(t *testing.T, d *apptest.Desk, from configuration.Item, key string, to configuration.Item) {
	t.Helper()
	if _, err := d.Configuration.Relate(d.As("configmanager"), from.ID, configuration.RelateInput{TypeID: relationType(t, d, key), OtherID: to.ID}); err != nil {
		t.Fatalf("%s %s %s: %v", from.Name, key, to.Name, err)
	}
}

func names(list []configuration.Node) []string {
	out := []string{}
	for _, n := range list {
		s := n.Name
		if n.Fate != "" {
			s += " " + n.Fate
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func TestImpact(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("engineer")
	sw := enter(t, d, "switch", "t-sw", nil)
	h1, h2 := enter(t, d, "server", "t-h1", nil), enter(t, d, "server", "t-h2", nil)
	k := enter(t, d, "cluster", "t-cluster", func(in *configuration.CreateInput) { in.Redundancy = 1 })
	v := enter(t, d, "vm", "t-vm", nil)
	a := enter(t, d, "application", "t-app", nil)
	relate(t, d, h1, "connected_to", sw)
	relate(t, d, h1, "member_of", k)
	relate(t, d, h2, "member_of", k)
	relate(t, d, v, "runs_on", k)
	relate(t, d, a, "runs_on", v)
	relate(t, d, a, "depends_on", a) // itself
	relate(t, d, v, "depends_on", a) // a cycle
	for name, c := range map[string]struct {
		q    configuration.Question
		want []string
	}{
		"a switch":           {configuration.Question{Roots: []uuid.UUID{sw.ID}, Depth: 5}, []string{"t-app degraded", "t-cluster degraded", "t-h1 down", "t-vm degraded"}},
		"both hosts":         {configuration.Question{Roots: []uuid.UUID{h1.ID, h2.ID}, Depth: 5}, []string{"t-app down", "t-cluster down", "t-sw down", "t-vm down"}},
		"two levels":         {configuration.Question{Roots: []uuid.UUID{sw.ID}, Depth: 2}, []string{"t-cluster degraded", "t-h1 down"}},
		"connections only":   {configuration.Question{Roots: []uuid.UUID{sw.ID}, Depth: 5, Types: []uuid.UUID{relationType(t, d, "connected_to")}}, []string{"t-h1 down"}},
		"what the app needs": {configuration.Question{Roots: []uuid.UUID{a.ID}, Depth: 5, Up: true}, []string{"t-cluster", "t-h1", "t-h2", "t-sw", "t-vm"}},
	} {
		got, err := d.Configuration.Impact(ctx, c.q)
		if err != nil || !slices.Equal(names(got.Nodes), c.want) {
			t.Errorf("%s: %v, want %v (%v)", name, names(got.Nodes), c.want, err)
		}
	}
	// What a reader may not see is not told: the manager owns no service here.
	if _, err := d.Configuration.Impact(d.As("manager"), configuration.Question{Roots: []uuid.UUID{sw.ID}}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a manager: %v", err)
	}
	if _, err := d.Configuration.Impact(d.As("staff"), configuration.Question{Roots: []uuid.UUID{sw.ID}}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff: %v", err)
	}
	if _, err := d.Configuration.Impact(ctx, configuration.Question{Roots: []uuid.UUID{sw.ID}, Depth: 11}); fieldOf(err, "depth") == "" {
		t.Errorf("eleven levels: %v", err)
	}
	// A relation that ends is gone from the analysis, and its item says so.
	ties, err := d.Configuration.Relations(ctx, h1.ID)
	if err != nil || len(ties) != 2 {
		t.Fatalf("%+v %v", ties, err)
	}
	for _, x := range ties {
		if x.Other.ID == sw.ID {
			if _, err := d.Configuration.Part(d.As("configmanager"), h1.ID, configuration.PartInput{RelationID: x.ID}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := d.Configuration.Impact(ctx, configuration.Question{Roots: []uuid.UUID{sw.ID}}); err != nil || len(got.Nodes) != 0 {
		t.Errorf("after the end: %v %v", names(got.Nodes), err)
	}
}

func TestRelationRules(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx := d.As("configmanager")
	r1, r2, s := enter(t, d, "rack", "t-r1", nil), enter(t, d, "rack", "t-r2", nil), enter(t, d, "server", "t-s", nil)
	contains := relationType(t, d, "contains")
	// Two racks at once: the server stands in one.
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for n, r := range []configuration.Item{r1, r2} {
		wg.Go(func() {
			_, errs[n] = d.Configuration.Relate(ctx, r.ID, configuration.RelateInput{TypeID: contains, OtherID: s.ID})
		})
	}
	wg.Wait()
	ties, err := d.Configuration.Relations(ctx, s.ID)
	if err != nil || len(ties) != 1 || (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("%d racks, %v, %v", len(ties), errs, err)
	}
	// From the other end it is the same relation, and twice is once.
	typ, err := d.Configuration.CreateRelationType(ctx, configuration.RelationTypeInput{Key: "guards", NameZh: "保护", NameEn: "guards", InverseZh: "受保护于", InverseEn: "is guarded by", Impact: "forward", FromClassID: &s.ClassID, Active: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = d.Configuration.Relate(ctx, r1.ID, configuration.RelateInput{TypeID: typ.ID, OtherID: s.ID}); fieldOf(err, "other_id") != "configuration.error.relation_class" {
		t.Errorf("a rack guards: %v", err)
	}
	for range 2 {
		if _, err = d.Configuration.Relate(ctx, r1.ID, configuration.RelateInput{TypeID: typ.ID, OtherID: s.ID, Inverse: true}); err != nil {
			t.Fatal(err)
		}
	}
	if ties, err = d.Configuration.Relations(ctx, r1.ID); err != nil || !slices.ContainsFunc(ties, func(x configuration.Tie) bool { return x.TypeID == typ.ID && !x.Forward }) {
		t.Errorf("%+v %v", ties, err)
	}
	if _, err = d.Configuration.Relate(d.As("engineer"), r1.ID, configuration.RelateInput{TypeID: typ.ID, OtherID: s.ID}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer relates: %v", err)
	}
}

// TestTypedItemIsKept: a number that was typed where scripts do not run is there
// again when the form comes back, and goes before the item that it held.
func TestTypedItemIsKept(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	c := d.Client("configmanager")
	i, other := enter(t, d, "server", "ty-server", nil), enter(t, d, "switch", "ty-switch", nil)
	page := "/configuration/" + i.Label() + "/relations"
	typ := relationType(t, d, "connected_to").String()
	for what, form := range map[string]url.Values{
		"no such item": {"relation": {typ}, "other_id_typed": {"CI999999"}},
		"no relation":  {"relation": {""}, "other_id_typed": {other.Label()}},
	} {
		want := `name="other_id_typed" value="` + form.Get("other_id_typed") + `"`
		if a := c.Post(page, form); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), want) {
			t.Errorf("%s: %d, no %s", what, a.Status, want)
		}
	}
	if a := c.Post(page, url.Values{"relation": {typ}, "other_id": {i.ID.String()}, "other_id_typed": {other.Label()}}); a.Status != http.StatusSeeOther || !strings.Contains(c.Get(page).Text(), "ty-switch") {
		t.Errorf("typed over another: %d", a.Status)
	}
	form := url.Values{"name_en": {"x"}, "by": {"reach"}, "item_typed": {other.Label()}}
	if a := c.Post("/configuration/baselines", form); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), `name="item_typed" value="`+other.Label()+`"`) {
		t.Errorf("a baseline without a reason: %d", a.Status)
	}
}
