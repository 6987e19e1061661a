package i18n

import (
	"testing"
	"testing/fstest"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
)

// TestPieces: a text put together from its pieces is what its template makes.
func TestPieces(t *testing.T) {
	t.Parallel()
	texts := map[string]bool{
		"{{.a}}":                     true,
		"x {{.a}} y {{ .b }} z":      true,
		"{{.a}}{{.a}}":               true,
		"100 % of {{.n}} <b>":        true,
		"{{.gone}} is missing":       true,
		"{{if .a}}yes{{end}} {{.b}}": false,
		"{{printf \"%d\" .n}}":       false,
	}
	args := []any{"a", "甲", "b", 7, "n", int64(9)}
	data := map[string]any{"a": "甲", "b": 7, "n": int64(9)}
	for text, plain := range texts {
		p, ok := cutUp(text)
		if ok != plain {
			t.Errorf("%q: plain %v", text, ok)
		}
		if !ok {
			continue
		}
		c := New()
		want, err := c.langs[English].loc.Localize(&goi18n.LocalizeConfig{DefaultMessage: &goi18n.Message{ID: "x", Other: text}, TemplateData: data})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.join(args); got != want {
			t.Errorf("%q: %q, the template makes %q", text, got, want)
		}
	}
}

// TestCount: the plural form is still chosen by the count.
func TestCount(t *testing.T) {
	t.Parallel()
	c := New()
	if err := c.Add(fstest.MapFS{
		"messages/zh-CN.json": {Data: []byte(`{"n": {"other": "{{.count}} 个"}, "m": "{{.count}} 行"}`)},
		"messages/en.json":    {Data: []byte(`{"n": {"one": "{{.count}} thing", "other": "{{.count}} things"}, "m": "{{.count}} rows"}`)},
	}); err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string]string{
		"1 thing": c.In(English).T("n", "count", 1), "2 things": c.In(English).T("n", "count", 2), "0 things": c.In(English).T("n", "count", 0),
		"1 个": c.In(Chinese).T("n", "count", 1), "3 行": c.In(Chinese).T("m", "count", 3), "1 rows": c.In(English).T("m", "count", 1),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
