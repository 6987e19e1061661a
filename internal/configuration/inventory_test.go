package configuration_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// sample reads one of the real inventories.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../../shared/data/inventory/" + name)
	if err != nil {
		t.Skip("SKIPPED: the inventories are not on this machine: " + err.Error())
	}
	return b
}

func packed(t *testing.T, b []byte, gz bool) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = zlib.NewWriter(&out)
	if gz {
		w = gzip.NewWriter(&out)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// agent sends what an agent would.
func agent(t *testing.T, d *apptest.Desk, secret string, body []byte) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Server.URL+"/agent/inventory", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("agent", secret)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func token(t *testing.T, d *apptest.Desk) string {
	t.Helper()
	_, s, err := d.Configuration.CreateToken(d.As("configmanager"), configuration.TokenInput{Name: "office"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func count(t *testing.T, d *apptest.Desk, sql string, args ...any) (n int) {
	t.Helper()
	if err := d.Pool.QueryRow(context.WithoutCancel(t.Context()), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAgentReports(t *testing.T) {
	t.Parallel()
	first, second := sample(t, "glpi-json/computer_3.json"), sample(t, "glpi-json/computer_3_updated.json")
	d := apptest.New(t, apptest.Options{})
	s := token(t, d)
	if status, _ := agent(t, d, "wrong", first); status != 401 {
		t.Errorf("a wrong token: %d", status)
	}
	if status, body := agent(t, d, s, []byte(`<?xml version="1.0"?><REQUEST><DEVICEID>x</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>`)); status != 200 || !strings.Contains(body, "<RESPONSE>SEND</RESPONSE>") {
		t.Errorf("prolog: %d %s", status, body)
	}
	if status, body := agent(t, d, s, []byte(`{"action":"contact","deviceid":"x"}`)); status != 200 || !strings.Contains(body, `"status":"ok"`) {
		t.Errorf("contact: %d %s", status, body)
	}
	began := time.Now()
	if status, body := agent(t, d, s, packed(t, first, false)); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	t.Logf("3,033 packages in %s", time.Since(began))
	p, err := d.Configuration.List(d.As("configmanager"), configuration.Filter{Text: "LF014"}, "")
	if err != nil || len(p.Rows) == 0 {
		p, err = d.Configuration.List(d.As("configmanager"), configuration.Filter{}, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	id := p.Rows[0].ID
	i, _, err := d.Configuration.Get(d.As("configmanager"), id)
	if err != nil || i.Attributes["kernel"] != "4.9.9-200.fc25.x86_64" || i.Source != configuration.FromAgent {
		t.Fatalf("%+v %v", i, err)
	}
	if n := count(t, d, `SELECT count(*) FROM ci_parts WHERE item_id = $1 AND kind = 'softwares' AND ended_at IS NULL`, id); n != 3016 {
		t.Errorf("%d packages, want 3016 that differ by name and architecture", n)
	}
	// In use, it drifts when a report differs and no change covers it.
	if _, err := d.Configuration.Move(d.As("configmanager"), id, configuration.MoveInput{Lifecycle: configuration.Staging, Install: configuration.Installed}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Configuration.Edit(d.As("configmanager"), id, configuration.EditInput{OwnerID: person(t, d, "he.ming")}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Configuration.Move(d.As("configmanager"), id, configuration.MoveInput{Lifecycle: configuration.Production}); err != nil {
		t.Fatal(err)
	}
	if status, body := agent(t, d, s, packed(t, second, true)); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	for what, want := range map[string]int{
		`SELECT count(*) FROM ci_parts WHERE item_id = $1 AND kind = 'softwares' AND ended_at IS NULL`:       3167,
		`SELECT count(*) FROM ci_parts WHERE item_id = $1 AND kind = 'virtualmachines' AND ended_at IS NULL`: 3,
		`SELECT count(*) FROM ci_parts WHERE item_id = $1 AND kind = 'monitors' AND ended_at IS NULL`:        1,
		`SELECT count(*) FROM ci_items WHERE source = 'agent' AND id = $1`:                                   1,
	} {
		if n := count(t, d, what, id); n != want {
			t.Errorf("%s: %d, want %d", what, n, want)
		}
	}
	if n := count(t, d, `SELECT count(*) FROM ci_items WHERE source = 'agent'`); n != 1 {
		t.Errorf("%d items of one machine", n)
	}
	steps, _, err := d.Configuration.History(d.As("configmanager"), id, 0)
	if err != nil || steps[0].Source != configuration.FromAgent || len(steps[0].Changes) != 2 || steps[0].Changes[0].Field != "attributes.kernel" || steps[0].Changes[0].After != "4.11.3-200.fc25.x86_64" ||
		steps[0].Changes[1].Field != "attributes.memory_mb" || steps[0].Changes[1].After != float64(8192) {
		t.Errorf("%+v %v", steps[0].Changes, err)
	}
	drifts, err := d.Configuration.Drifts(d.As("engineer"))
	if err != nil || len(drifts) != 1 || drifts[0].Changes[0].Field != "attributes.kernel" {
		t.Fatalf("%+v %v", drifts, err)
	}
	ctx := d.As("configmanager")
	if err := d.Configuration.Settle(ctx, drifts[0].ID, configuration.SettleInput{Decision: "accepted"}); fieldOf(err, "reason") != "validation.required" {
		t.Errorf("accepted without reason: %v", err)
	}
	if err := d.Configuration.Settle(ctx, drifts[0].ID, configuration.SettleInput{Decision: "linked", Change: "CHG-999999"}); fieldOf(err, "change") == "" {
		t.Errorf("linked to nothing: %v", err)
	}
	if err := d.Configuration.Settle(d.As("engineer"), drifts[0].ID, configuration.SettleInput{Decision: "accepted", Reason: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer settles: %v", err)
	}
	for n, want := range []fault.Kind{0, fault.Conflict} {
		if err := d.Configuration.Settle(ctx, drifts[0].ID, configuration.SettleInput{Decision: "accepted", Reason: "monthly updates"}); err != nil && fault.Of(err).Kind != want || err == nil && n == 1 {
			t.Errorf("settled for the %d. time: %v", n+1, err)
		}
	}
	// The same report again changes nothing.
	before := versions(t, d)
	if status, _ := agent(t, d, s, second); status != 200 || versions(t, d) != before {
		t.Errorf("again: %d, %d versions more", status, versions(t, d)-before)
	}
}

func TestFlappingIsMuted(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := token(t, d)
	i := enter(t, d, "server", "flap", func(in *configuration.CreateInput) {
		in.Lifecycle, in.OwnerID, in.Attributes = configuration.Production, person(t, d, "he.ming"), map[string]any{"serial_number": "FLAP1", "kernel": "0"}
	})
	for n := range 8 {
		body := `{"action":"inventory","deviceid":"flap-1","itemtype":"Computer","content":{"hardware":{"name":"flap"},"bios":{"ssn":"FLAP1"},"operatingsystem":{"kernel_version":"` + string(rune('a'+n)) + `"}}}`
		if status, text := agent(t, d, s, []byte(body)); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
	}
	open, muted := count(t, d, `SELECT count(*) FROM ci_drifts WHERE item_id = $1 AND state = 'open'`, i.ID), count(t, d, `SELECT count(*) FROM ci_drifts WHERE item_id = $1 AND state = 'muted'`, i.ID)
	if open != 4 || muted != 4 {
		t.Errorf("%d open, %d muted", open, muted)
	}
}

func TestReadReport(t *testing.T) {
	t.Parallel()
	secret := `<ENVS><KEY>DB_PASSWORD</KEY><VAL>hunter2</VAL></ENVS><PROCESSES><CMD>mysql -phunter2</CMD></PROCESSES>`
	r, err := configuration.ReadReport([]byte(`<?xml version="1.0" encoding="ISO-8859-1"?><REQUEST><CONTENT><HARDWARE><NAME>caf` + "\xe9" + `</NAME><MEMORY>2048</MEMORY></HARDWARE><BIOS><SSN>S1</SSN></BIOS>` + secret + `</CONTENT><DEVICEID>d1</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>`))
	if err != nil || r.Sighting.Fields["name"] != "café" || r.Sighting.Fields["attributes.memory_mb"] != "2048" || r.DeviceID != "d1" {
		t.Errorf("%+v %v", r, err)
	}
	for _, v := range r.Sighting.Fields {
		if strings.Contains(v, "hunter2") {
			t.Error("a secret was kept")
		}
	}
	if len(r.Parts["envs"])+len(r.Parts["processes"]) > 0 {
		t.Error("secrets were kept as parts")
	}
	bomb := packed(t, bytes.Repeat([]byte("a"), 80<<20), false)
	for name, body := range map[string][]byte{
		"nothing": nil, "rubbish": []byte("hello"), "broken JSON": []byte(`{"action":`), "broken zlib": {0x78, 0x9c, 1, 2, 3},
		"entities":       []byte(`<!DOCTYPE x [<!ENTITY a "aaaa">]><REQUEST><QUERY>&a;</QUERY></REQUEST>`),
		"unknown entity": []byte(`<REQUEST><QUERY>&xxe;</QUERY></REQUEST>`), "too deep": []byte(strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)), "bomb": bomb,
	} {
		if _, err := configuration.ReadReport(body); err == nil || fault.Of(err).Kind != fault.Malformed && fault.Of(err).Kind != fault.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadSamples(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][3]string{
		"glpi-json/computer_2.json":         {"computer", "COMP1", "2FAGP34"},
		"glpi-json/networkequipment_1.json": {"network_device", "ucs6248up-cluster-pa3-B", "SSI1912014B"},
		"glpi-json/printer_2.json":          {"printer", "MX5970", "SDFSDF9874"},
		"glpi-xml/7.xml":                    {"network_device", "ucs6248up-cluster-pa3-B", "SSI1912014B"},
	} {
		r, err := configuration.ReadReport(sample(t, name))
		if got := [3]string{r.Sighting.Class, r.Sighting.Fields["name"], r.Sighting.Fields["attributes.serial_number"]}; err != nil || got != want {
			t.Errorf("%s: %v, want %v (%v)", name, got, want, err)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	own := enter(t, d, "server", "mine", nil)
	if _, err := d.Configuration.Verify(d.As("configmanager"), own.ID, configuration.VerifyInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("whoever entered it confirms it: %v", err)
	}
	theirs := one(t, d, "CI000003")
	i, err := d.Configuration.Verify(d.As("configmanager"), theirs.ID, configuration.VerifyInput{})
	if err != nil || i.VerifiedAt == nil || *i.VerifiedBy != *person(t, d, "configmanager") {
		t.Errorf("%+v %v", i, err)
	}
}

// What a source saw and nobody ordered becomes the draft of a marked change,
// once, together with the drift.
func TestDriftIsRaised(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := token(t, d)
	i := enter(t, d, "server", "raise", func(in *configuration.CreateInput) {
		in.Lifecycle, in.OwnerID, in.Attributes = configuration.Production, person(t, d, "he.ming"), map[string]any{"serial_number": "RAISE1", "kernel": "5.10"}
	})
	if status, text := agent(t, d, s, []byte(`{"action":"inventory","deviceid":"raise-1","itemtype":"Computer","content":{"hardware":{"name":"raise"},"bios":{"ssn":"RAISE1"},"operatingsystem":{"kernel_version":"6.1"}}}`)); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	drifts, err := d.Configuration.Drifts(d.As("configmanager"))
	if err != nil || len(drifts) != 1 {
		t.Fatalf("%+v %v", drifts, err)
	}
	if _, err := d.Configuration.Raise(d.As("engineer"), drifts[0].ID, configuration.RaiseInput{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an engineer raises: %v", err)
	}
	ctx := work.WithKey(d.As("configmanager"), "raise-once")
	number, err := d.Configuration.Raise(ctx, drifts[0].ID, configuration.RaiseInput{Remark: "seen after the night shift"})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Configuration.Raise(ctx, drifts[0].ID, configuration.RaiseInput{Remark: "seen after the night shift"}); err != nil || again != number {
		t.Errorf("the same key: %q %v, want %q", again, err, number)
	}
	if _, err := d.Configuration.Raise(d.As("configmanager"), drifts[0].ID, configuration.RaiseInput{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("raised twice: %v", err)
	}
	if left, err := d.Configuration.Drifts(d.As("configmanager")); err != nil || len(left) != 0 {
		t.Errorf("it still waits: %+v %v", left, err)
	}
	id, err := d.Changes.ID(d.As("configmanager"), number)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := d.Changes.Get(d.As("configmanager"), id)
	if err != nil || !c.Unauthorised || c.Type != "emergency" || c.State != "draft" || len(c.Items) != 1 || c.Items[0] != i.ID ||
		!strings.Contains(c.Content, "5.10 → 6.1") || !strings.Contains(c.Content, "night shift") {
		t.Errorf("%+v %v", c, err)
	}
	if n := count(t, d, `SELECT count(*) FROM changes WHERE unauthorised AND items @> ARRAY[$1::uuid]`, i.ID); n != 1 {
		t.Errorf("%d changes", n)
	}
}
