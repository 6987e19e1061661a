package journeys_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/form"
)

// formGen makes forms with conditions of every kind, and things that people
// and their browsers might send for them.
type formGen struct{ *rand.Rand }

func (g formGen) one(s ...string) string { return s[g.IntN(len(s))] }

var formTexts = []string{"", " ", "a", "ab", "b", "laptop", "笔记本", "𠮷野", "é", "e\u0301", "2026-03-02", "2026-02-30", "1", "01", "1.50", "-3", "1e3", "0x10", "999999999999999", "nil", "true", "\ufeff", "\u0085", "a\nb"}

func (g formGen) field(f form.Form, types ...form.Type) string {
	var keys []string
	for _, x := range f.Fields {
		for _, t := range types {
			if x.Type == t {
				keys = append(keys, x.Key)
			}
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return g.one(keys...)
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

func (g formGen) text(f form.Form) string {
	if k := g.field(f, form.Text, form.Long, form.Choice, form.Person); k != "" && g.IntN(2) == 0 {
		return k
	}
	return quoted(g.one(formTexts...))
}

func (g formGen) day(f form.Form) string {
	if k := g.field(f, form.Date); k != "" && g.IntN(2) == 0 {
		return k
	}
	return g.one("today", `"2026-03-01"`, `"2026-03-02"`, `"2027-12-31"`)
}

func (g formGen) list(f form.Form) string {
	if k := g.field(f, form.Multi, form.File); k != "" && g.IntN(2) == 0 {
		return k
	}
	return `["a", "笔记本", ""]`
}

func (g formGen) number(f form.Form, depth int) string {
	if k := g.field(f, form.Number); k != "" && g.IntN(3) == 0 {
		return k
	}
	switch n := g.IntN(5); {
	case depth > 3 || n == 0:
		return g.one("0", "1", "2.5", "-3", "0.1", "1000000")
	case n == 1:
		return "len(" + g.text(f) + ")"
	case n == 2:
		return "len(" + g.list(f) + ")"
	case n == 3:
		return "-(" + g.number(f, depth+1) + ")"
	}
	return "(" + g.number(f, depth+1) + " " + g.one("+", "-", "*", "/") + " " + g.number(f, depth+1) + ")"
}

func (g formGen) flag(f form.Form, depth int) string {
	n := g.IntN(12)
	if depth > 3 && n < 3 {
		n += 3
	}
	switch n {
	case 0:
		return "not (" + g.flag(f, depth+1) + ")"
	case 1, 2:
		return "(" + g.flag(f, depth+1) + " " + g.one("and", "or", "&&", "||") + " " + g.flag(f, depth+1) + ")"
	case 3, 4:
		return g.number(f, depth+1) + " " + g.one("==", "!=", "<", "<=", ">", ">=") + " " + g.number(f, depth+1)
	case 5:
		return g.day(f) + " " + g.one("==", "!=", "<", "<=", ">", ">=") + " " + g.day(f)
	case 6:
		return g.text(f) + " " + g.one("==", "!=", "contains", "startsWith", "endsWith") + " " + g.text(f)
	case 7:
		return g.text(f) + g.one(" in ", " not in ") + g.list(f)
	case 8:
		return "filled(" + g.text(f) + ")"
	case 9:
		if k := g.field(f, form.Table, form.Number, form.Date, form.Multi, form.File); k != "" {
			return "filled(" + k + ")"
		}
	case 10:
		if k := g.field(f, form.Number); k != "" {
			return k + g.one(" == ", " != ") + "nil"
		}
	}
	return g.one("true", "false")
}

func (g formGen) form() form.Form {
	var f form.Form
	for i := range 3 + g.IntN(10) {
		x := form.Field{Key: fmt.Sprintf("k%d", i), Type: form.Types[g.IntN(len(form.Types))], LabelEn: "x", Required: g.IntN(3) == 0}
		switch x.Type {
		case form.Choice, form.Multi:
			x.Options = []form.Option{{Value: "a"}, {Value: "笔记本"}}
		case form.Table:
			x.Columns = []form.Column{{LabelEn: "c", Type: form.Text}, {LabelEn: "d", Type: form.Number}}
		}
		if g.IntN(2) == 0 {
			x.Show = g.flag(f, 0)
		}
		f.Fields = append(f.Fields, x)
	}
	for i := range f.Fields {
		if x := &f.Fields[i]; x.Type != form.Info {
			if g.IntN(3) == 0 {
				x.RequiredIf = g.flag(f, 0)
			}
			if g.IntN(3) == 0 {
				x.Valid = g.flag(f, 0)
			}
		}
	}
	return f
}

func (g formGen) raw(f form.Form) form.Raw {
	r := form.Raw{}
	for _, x := range f.Fields {
		for range g.IntN(4) {
			r[x.Key] = append(r[x.Key], g.one(formTexts...))
		}
	}
	return r
}

type formCase struct {
	Spec json.RawMessage `json:"spec"`
	Raw  form.Raw        `json:"raw"`
}

// TestBrowserAndServerAgreeOnForms: on random forms and values the browser
// shows, requires and refuses exactly what the server does.
func TestBrowserAndServerAgreeOnForms(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../web/static/js/form.js")
	if err != nil {
		t.Fatal(err)
	}
	const today = "2026-03-02"
	seed := rand.Uint64()
	g := formGen{rand.New(rand.NewPCG(seed, 1))}
	var cases []formCase
	var forms []form.Form
	conditions := 0
	for range 400 {
		f := g.form()
		if err := f.Check(); err != nil {
			t.Fatalf("seed %d: the generator made a form that is refused: %v %+v", seed, err, f)
		}
		spec := f.Spec(today)
		conditions += strings.Count(spec, `"s":`) + strings.Count(spec, `"r":`) + strings.Count(spec, `"v":`)
		for range 8 {
			cases, forms = append(cases, formCase{json.RawMessage(spec), g.raw(f)}), append(forms, f)
		}
	}
	if conditions < 1000 {
		t.Fatalf("only %d conditions", conditions)
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	var got []struct{ Shown, Required, Invalid map[string]bool }
	if err := chromedp.Run(ctx, chromedp.Navigate("about:blank"), chromedp.Evaluate(string(script)+";0", nil),
		chromedp.Evaluate(`JSON.parse(`+quoted(string(in))+`).map((c) => deskForm.states(c.spec, c.raw))`, &got)); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		want := forms[i].State(c.Raw, today)
		if !reflect.DeepEqual(got[i].Shown, want.Shown) || !reflect.DeepEqual(got[i].Required, want.Required) || !reflect.DeepEqual(got[i].Invalid, want.Invalid) {
			t.Fatalf("seed %d: the browser says %+v, the server %+v\nform %s\nvalues %v", seed, got[i], want, c.Spec, c.Raw)
		}
	}
}
