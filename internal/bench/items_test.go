package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/configuration"
	"opsdesk/internal/search"
)

// itemPlace is what differs from desk to desk about items.
type itemPlace struct{ class, owner, serial, address string }

func items(query string) func(v *visitor, _ place) error {
	return func(v *visitor, _ place) error { return v.get("/configuration" + query) }
}

// itemSteps are what people do with items all day (issue 5), within the bars of
// the queue of incidents.
var itemSteps = []step{
	{name: "items, last changed", bar: 1.5, run: items("")},
	{name: "items by name", bar: 1.5, run: items("?sort=name")},
	{name: "items of a class", bar: 1.5, run: func(v *visitor, at place) error { return v.get("/configuration?class=" + at.item.class) }},
	{name: "class, lifecycle and place", bar: 1.5, run: func(v *visitor, at place) error {
		return v.get("/configuration?lifecycle=production&class=" + at.item.class + "&location=" + url.QueryEscape("数据中心"))
	}},
	{name: "items of an owner", bar: 1.5, run: func(v *visitor, at place) error { return v.get("/configuration?owner=" + at.item.owner) }},
	{name: "exact serial number", bar: 1.5, run: func(v *visitor, at place) error { return v.get("/configuration?q=" + at.item.serial) }},
	{name: "exact address", bar: 1.5, run: func(v *visitor, at place) error { return v.get("/configuration?q=" + at.item.address) }},
	{name: "search, English word", bar: 1.5, run: items("?q=projector")},
	{name: "search, two Chinese characters", bar: 3, p95: 300 * time.Millisecond, run: items("?q=" + url.QueryEscape("打印"))},
	{name: "item page", bar: 1.5, run: func(v *visitor, at place) error { return v.get("/configuration/" + at.number) }},
	{name: "picker, beginning of a name", bar: 1.5, run: func(v *visitor, _ place) error { return v.get("/configuration/pick?q=switch") }},
	{name: "picker, words", bar: 3, p95: 300 * time.Millisecond, run: func(v *visitor, _ place) error {
		return v.get("/configuration/pick?q=" + url.QueryEscape("交换机"))
	}},
	{name: "palette", p95: 300 * time.Millisecond, run: func(v *visitor, _ place) error { return v.get("/palette?q=" + url.QueryEscape("交换机")) }},
}

// BenchmarkItems compares a desk with a million items with one of a thousand,
// page by page through HTTP, and then takes a real inventory and a real export
// of NetBox into the large one.
func BenchmarkItems(b *testing.B) {
	if b.N > 1 {
		b.Skip("one round is enough")
	}
	small, large := pair(b, "items", fillItems)
	compare(b, "items", itemSteps, small, large, small.item(b), large.item(b))
	large.inventory(b)
	large.netbox(b)
}

// item finds a server in use, and the owner who has the most items.
func (m *machine) item(b *testing.B) (p place) {
	b.Helper()
	if err := m.pool.QueryRow(b.Context(), `SELECT 'CI' || number, class_id::text, attributes->>'serial_number', attributes->>'ip',
			(SELECT owner_id::text FROM ci_items WHERE number > 100000 AND owner_id IS NOT NULL GROUP BY owner_id ORDER BY count(*) DESC LIMIT 1)
		FROM ci_items WHERE number > 100500 AND class_id = md5('ci.class:server')::uuid AND lifecycle = 'production' ORDER BY number LIMIT 1`).
		Scan(&p.number, &p.item.class, &p.item.serial, &p.item.address, &p.item.owner); err != nil {
		b.Fatal(err)
	}
	return p
}

// itemTables are what an item is written to.
var itemTables = []string{"ci_items", "ci_identifiers", "ci_versions", "ci_relations", "records", "search_docs"}

// itemSets follow from the items once these are there.
var itemSets = []string{
	`INSERT INTO records (id, kind, number, title, state, category, created_by, created_at, updated_at)
	 SELECT id, 'ci', 'CI' || number, name, lifecycle, CASE WHEN lifecycle = 'retired' THEN 'closed' ELSE 'active' END, created_by, created_at, updated_at FROM ci_items WHERE number > 100000`,
	`INSERT INTO ci_identifiers (item_id, key, value) SELECT id, k, lower(v) FROM ci_items, LATERAL (VALUES ('name', name), ('serial_number', attributes->>'serial_number'), ('ip', attributes->>'ip')) x (k, v)
	 WHERE number > 100000 AND v IS NOT NULL`,
	`INSERT INTO ci_versions (item_id, version, at, actor_id, actor_name, source, source_ref, state)
	 SELECT id, 1, created_at, created_by, '王磊', 'import', 'bench', jsonb_build_object('name', name, 'description', description, 'class_id', class_id, 'lifecycle', lifecycle, 'operational', operational,
		'install', install, 'criticality', criticality, 'owner_id', owner_id, 'location', location, 'attributes', attributes) FROM ci_items WHERE number > 100000`,
	`INSERT INTO ci_relations (id, type_id, from_id, to_id, source, created_by, created_name, created_at)
	 SELECT gen_random_uuid(), md5('ci.relation:depends_on')::uuid, i.id, o.id, 'import', i.created_by, '', i.created_at
	 FROM ci_items i JOIN ci_items o ON o.number = i.number - i.number % 20 + 1 WHERE i.number > 100020 AND i.id <> o.id`,
}

// fillItems makes size items of five classes, a twentieth of them retired, with
// the register line, exact values, version and words of each.
func fillItems(b *testing.B, url string, size, _ int) {
	b.Helper()
	w := newWorld(b, url, size, 0)
	defer w.conn.Close(context.Background())
	classes := w.ids(b.Context(), b, `SELECT md5('ci.class:' || k)::uuid FROM unnest(ARRAY['server', 'switch', 'printer', 'computer', 'vm']) k`)
	w.fill(b, size, itemTables, func(ctx context.Context, from, to int) error {
		if err := w.items(ctx, classes, from, to); err != nil || to < size {
			return err
		}
		for _, s := range itemSets {
			if _, err := w.conn.Exec(ctx, s); err != nil {
				return fmt.Errorf("%.60s: %w", s, err)
			}
		}
		return nil
	})
}

func (w *world) items(ctx context.Context, classes []uuid.UUID, from, to int) error {
	itm := &table{name: "ci_items", columns: strings.Fields("id number name description class_id lifecycle operational install criticality owner_id location attributes source source_key created_by created_at updated_at")}
	doc := &table{name: "search_docs", columns: strings.Fields("record_id hash terms talk notes open week")}
	for n := from; n < to; n++ {
		id, number := w.id(), int64(100_001+n)
		name, text := pick(w, placesZh)+pick(w, thingsZh), pick(w, detailsZh)
		if w.r.IntN(3) == 0 {
			name, text = pick(w, thingsEn)+"-"+pick(w, placesEn), pick(w, detailsEn)
		}
		name = fmt.Sprintf("%s-%d", name, number)
		at := w.end.Add(-time.Duration(w.r.IntN(3*365*24*3600)) * time.Second)
		lifecycle, operational := "production", "up"
		if w.r.IntN(20) == 0 {
			lifecycle, operational = "retired", "off"
		}
		where := fmt.Sprintf("%s-%d", pick(w, placesZh), 1+w.r.IntN(40))
		serial, address := fmt.Sprintf("SN%09d", number), fmt.Sprintf("10.%d.%d.%d", number>>16&255, number>>8&255, number&255)
		itm.rows = append(itm.rows, []any{
			id, number, name, text, pick(w, classes), lifecycle, operational, "installed", 1 + w.r.IntN(4), w.people[w.zipf.Uint64()], where,
			map[string]any{"serial_number": serial, "ip": address},
			"bench", serial, w.agents[0], at, at,
		})
		var t search.Terms
		t.AddTitle(name)
		for _, x := range []string{configuration.Label(number), text, where, address, serial} {
			t.Add(x)
		}
		v := t.Vector()
		h := fnv.New64a()
		_, _ = h.Write([]byte(v)) // never fails
		doc.rows = append(doc.rows, []any{id, int64(h.Sum64()), v, "", "", lifecycle != "retired", search.Week(configuration.Kind, at)})
	}
	return w.copy(ctx, itm, doc)
}

// data reads a real file, which not every machine has.
func data(name string) []byte {
	body, err := os.ReadFile("../../../shared/data/" + name)
	if err != nil {
		fmt.Println("SKIPPED:", err)
		return nil
	}
	return body
}

// within says how long something took, and whether that is within its bar.
func within(b *testing.B, what string, took, bar time.Duration) {
	b.Helper()
	verdict := ""
	if took > bar {
		verdict = "MISSES its bar"
		b.Fail()
	}
	fmt.Printf("%-46s %10s (bar %s) %s\n", what, took.Round(time.Millisecond), bar, verdict)
}

// inventory takes in an agent's report of 3,033 packages, then the same computer
// a while later.
func (m *machine) inventory(b *testing.B) {
	b.Helper()
	_, secret, err := m.Configuration.CreateToken(m.as(b, "configmanager"), configuration.TokenInput{Name: "bench " + uuid.NewString()[:8]})
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"computer_3.json", "computer_3_updated.json"} {
		body := data("inventory/glpi-json/" + name)
		if body == nil {
			return
		}
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, m.server.URL+"/agent/inventory", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		r.SetBasicAuth("agent", secret)
		began := time.Now()
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatalf("%s: %d %.200s %v", name, res.StatusCode, answer, err)
		}
		within(b, "inventory "+name, time.Since(began), time.Second)
	}
}

// netbox imports a whole export of NetBox, from the file to the last relation.
func (m *machine) netbox(b *testing.B) {
	b.Helper()
	body := data("cmdb/netbox-demo-v3.5.json")
	if body == nil {
		return
	}
	ctx := m.as(b, "configmanager")
	m.drain(b)
	began := time.Now()
	imp, err := m.Configuration.BeginImport(ctx, configuration.ImportInput{Source: "netbox", Complete: true, FileName: "netbox.json", Body: body})
	if err != nil {
		b.Fatal(err)
	}
	_, counts, err := m.Configuration.ImportRows(ctx, imp.ID, "", 0, 10)
	if err != nil {
		b.Fatal(err)
	}
	if imp, err = m.Configuration.StartImport(ctx, imp.ID, imp.Version); err != nil {
		b.Fatal(err)
	}
	m.drain(b)
	took := time.Since(began)
	if done, err := m.Batches.Get(ctx, *imp.BatchID); err != nil || done.State != batch.Done {
		b.Fatalf("%+v %v", done, err)
	}
	fmt.Println("NetBox rows:", counts)
	within(b, "NetBox export, whole", took, time.Minute)
}

func (m *machine) drain(b *testing.B) {
	b.Helper()
	if _, err := m.Jobs.Drain(b.Context(), m.pool, time.Now()); err != nil {
		b.Fatal(err)
	}
}
