package form_test

import (
	"strings"
	"testing"

	"opsdesk/internal/form"
	"opsdesk/internal/platform/fault"
)

const today = "2026-03-02"

func sample() form.Form {
	return form.Form{Fields: []form.Field{
		{Key: "kind", Type: form.Choice, LabelEn: "Kind", Required: true, Options: []form.Option{{Value: "laptop"}, {Value: "phone"}}, Default: "laptop"},
		{Key: "model", Type: form.Text, LabelEn: "Model", Show: `kind == "laptop"`, Required: true},
		{Key: "number", Type: form.Text, LabelEn: "Number", Show: `kind == "phone"`, Required: true},
		{Key: "count", Type: form.Number, LabelEn: "Count", Valid: `count >= 1 and count <= 5`},
		{Key: "why", Type: form.Long, LabelEn: "Why", RequiredIf: `count > 2`},
		{Key: "from", Type: form.Date, LabelEn: "From", Valid: `from >= today`},
		{Key: "extras", Type: form.Multi, LabelEn: "Extras", Options: []form.Option{{Value: "dock"}, {Value: "screen"}}},
		{Key: "size", Type: form.Text, LabelEn: "Size", Show: `"screen" in extras and filled(model)`},
		{Key: "people", Type: form.Table, LabelEn: "People", Columns: []form.Column{{LabelEn: "Name", Type: form.Text}, {LabelEn: "Days", Type: form.Number}}},
	}}
}

func TestASoundFormIsAccepted(t *testing.T) {
	t.Parallel()
	if err := sample().Check(); err != nil {
		t.Fatalf("%+v", fault.Of(err).Fields)
	}
}

func TestExpressionsAreChecked(t *testing.T) {
	t.Parallel()
	for src, code := range map[string]string{
		`kind == "phone"`:                  "",
		`kind == "a" or (count + 1 > 2)`:   "",
		`not filled(from) && !(count < 3)`: "",
		`count == nil`:                     "",
		`from > "2026-01-01"`:              "",
		`len(extras) > 1`:                  "",
		`len(people) >= 2`:                 "",
		`kind in ["laptop", "phone"]`:      "",
		`kind not in ["laptop"]`:           "",
		`kind ==`:                          "form.error.expr_syntax",
		`colour == "red"`:                  "form.error.expr_unknown",
		`count`:                            "form.error.expr_flag",
		`count == "3"`:                     "form.error.expr_type",
		`kind > "a"`:                       "form.error.expr_type",
		`kind + "x" == "y"`:                "form.error.expr_type",
		`extras == extras`:                 "form.error.expr_type",
		`kind matches "a+"`:                "form.error.expr_unsupported",
		`extras[0] == "dock"`:              "form.error.expr_unsupported",
		`any(extras, # == "x")`:            "form.error.expr_unsupported",
		`count > 1 ? true : false`:         "form.error.expr_unsupported",
		`now() > 1`:                        "form.error.expr_unsupported",
		strings.Repeat("(", 60) + "true" + strings.Repeat(")", 60): "",
		strings.Repeat("!", 60) + "true":                           "form.error.expr_long",
		strings.Repeat("true and ", 400) + "true":                  "form.error.expr_long",
	} {
		_, e := sample().CompileFlag(src)
		got := ""
		if e != nil {
			got = e.Code
		}
		if got != code {
			t.Errorf("%.60s: %q, want %q", src, got, code)
		}
	}
}

func TestShownDependsOnlyOnWhatIsAbove(t *testing.T) {
	t.Parallel()
	f := sample().Move("kind", 5)
	err := f.Check()
	if err == nil {
		t.Fatal("a field above its cause was accepted")
	}
	var names []string
	for _, x := range fault.Of(err).Fields {
		names = append(names, x.Name+" "+x.Code)
	}
	if strings.Join(names, ",") != "fields.0.show form.error.expr_order,fields.1.show form.error.expr_order" {
		t.Error(names)
	}
	loop := form.Form{Fields: []form.Field{{Key: "a", Type: form.Text, LabelEn: "A", Show: "filled(a)"}}}
	if loop.Check() == nil {
		t.Error("a field that shows itself was accepted")
	}
}

func TestHiddenFieldsNeitherBlockNorCount(t *testing.T) {
	t.Parallel()
	f := sample()
	// The number is required where a phone is asked for; for a laptop it does not
	// block, and a forged one is dropped.
	kept, err := f.Accept(form.Raw{"kind": {"laptop"}, "model": {"T14"}, "number": {"forged"}}, today)
	if err != nil {
		t.Fatalf("%+v", fault.Of(err).Fields)
	}
	if _, ok := kept["number"]; ok {
		t.Error("the value of a hidden field was kept")
	}
	// Hiding is passed on: without a laptop there is no model, so no size.
	s := f.State(form.Raw{"kind": {"phone"}, "model": {"forged"}, "extras": {"screen"}}, today)
	if s.Shown["size"] || s.Shown["model"] || !s.Shown["number"] {
		t.Errorf("%+v", s.Shown)
	}
	// On first sight the defaults decide.
	s = f.State(f.Prefill(nil, today), today)
	if !s.Shown["model"] || s.Shown["number"] {
		t.Errorf("with defaults: %+v", s.Shown)
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	ok := func() form.Raw { return form.Raw{"kind": {"laptop"}, "model": {"T14"}} }
	with := func(k string, v ...string) form.Raw { r := ok(); r[k] = v; return r }
	for name, c := range map[string]struct {
		raw  form.Raw
		want string
	}{
		"complete":               {ok(), ""},
		"nothing":                {form.Raw{}, "f_kind validation.required"},
		"blank is nothing":       {form.Raw{"kind": {"laptop"}, "model": {"  "}}, "f_model validation.required"},
		"not an option":          {form.Raw{"kind": {"tablet"}}, "f_kind validation.oneof"},
		"two of one":             {with("kind", "laptop", "laptop"), "f_kind validation.type"},
		"no number":              {with("count", "many"), "f_count validation.number"},
		"refused by condition":   {with("count", "9"), "f_count form.error.refused f_why validation.required"},
		"required if":            {with("count", "3"), "f_why validation.required"},
		"yesterday":              {with("from", "2026-03-01"), "f_from form.error.refused"},
		"no such day":            {with("from", "2026-02-30"), "f_from form.error.date"},
		"option twice":           {with("extras", "dock", "dock"), "f_extras validation.oneof"},
		"broken line":            {with("model", "a\nb"), "f_model validation.line"},
		"zero byte":              {with("model", "a\x00b"), "f_model validation.text"},
		"half a row":             {with("people", "Li"), ""},
		"cell that is no number": {with("people", "Li", "two"), "f_people validation.number"},
		"too many rows":          {with("people", make60()...), "f_people form.error.rows"},
	} {
		_, err := f().Accept(c.raw, today)
		var got []string
		if err != nil {
			for _, x := range fault.Of(err).Fields {
				got = append(got, x.Name+" "+x.Code)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func f() form.Form { return sample() }

func make60() []string {
	var out []string
	for range form.MaxRows + 1 {
		out = append(out, "Li", "2")
	}
	return out
}

func TestBlankRowsAreDropped(t *testing.T) {
	t.Parallel()
	kept := sample().Keep(form.Raw{"people": {"", " ", "Li", "2", "", ""}}, today)
	if got := strings.Join(kept["people"], "|"); got != "Li|2" {
		t.Error(got)
	}
}

func TestRowsAndExpressionsAreTheSame(t *testing.T) {
	t.Parallel()
	f := sample()
	for _, rows := range [][]form.Row{
		{{"kind", "eq", "phone"}},
		{{"kind", "ne", `say "hi" \ <b> `}, {"count", "ge", "2.5"}, {"from", "lt", form.Today}},
		{{"extras", "has", "dock"}, {"extras", "lacks", "screen"}, {"people", "filled", ""}},
		{{"model", "contains", "换新"}, {"why", "empty", ""}, {"count", "lt", "-3"}},
	} {
		for _, any := range []bool{false, true} {
			src := f.Expression(rows, any)
			if _, e := f.CompileFlag(src); e != nil {
				t.Errorf("%s: %v", src, e)
			}
			back, or, ok := f.Rows(src)
			if !ok || len(back) != len(rows) || or != (any && len(rows) > 1) {
				t.Errorf("%s: %v %v %v", src, back, or, ok)
				continue
			}
			for i := range rows {
				if back[i] != rows[i] {
					t.Errorf("%s: %v, want %v", src, back[i], rows[i])
				}
			}
		}
	}
	if _, _, ok := f.Rows(`kind == "a" and (count > 1 or count < 0)`); ok {
		t.Error("a mixed expression was read as rows")
	}
}

func TestFieldsThatOthersSpeakOfStay(t *testing.T) {
	t.Parallel()
	if _, err := sample().Remove("kind"); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	got, err := sample().Remove("size")
	if err != nil || got.Find("size") >= 0 || len(got.Fields) != 8 {
		t.Error(err, got)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	f := sample()
	for label, want := range map[string]string{"Model": "model_2", "设备型号": "field", "In": "field", "Date of  Birth!": "date_of_birth", "1st": "field"} {
		if got := f.NewKey(label); got != want {
			t.Errorf("%s: %s, want %s", label, got, want)
		}
	}
}

func TestDraftsComeBack(t *testing.T) {
	t.Parallel()
	f := sample()
	raw := f.FromDraft(map[string]string{"f_kind": "phone", "f_extras": "dock\nscreen", "f_why": "a\nb", "f_people": "Li\n2", "f_gone": "x"})
	if raw.First("kind") != "phone" || len(raw["extras"]) != 2 || raw.First("why") != "a\nb" || len(raw["people"]) != 2 || len(raw) != 4 {
		t.Error(raw)
	}
}
