package form

import (
	"context"
	"embed"
	"slices"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

// Messages holds the texts of forms.
//
//go:embed messages/*.json
var Messages embed.FS

// Props is a form to be filled in, and how the last try went.
type Props struct {
	Form  Form
	Raw   Raw
	Today string
	Fault *fault.Error
	// People and Files name what answers hold by id.
	People, Files map[string]string
	// AssetURL searches the configuration items; "" where there are none, and
	// then an asset is named in words.
	AssetURL string
	Assets   map[string]string
}

// fault is the form's fault with each field's own words where it has some.
func (p Props) field(ctx context.Context, x Field, s State) ui.Field {
	lang := i18n.Lang(ctx)
	f := ui.Field{Name: Prefix + x.Key, Label: x.Label(lang), Hint: x.Hint(lang), Value: p.Raw.First(x.Key), Required: s.Required[x.Key], Live: true, Max: maxText, F: p.Fault}
	for _, o := range x.Options {
		f.Options = append(f.Options, ui.Option{Value: o.Value, Label: o.Label(lang)})
	}
	return f
}

func (p Props) kept(x Field) []ui.Kept {
	var out []ui.Kept
	for _, id := range p.Raw[x.Key] {
		if name, ok := p.Files[id]; ok {
			out = append(out, ui.Kept{ID: id, Name: name})
		}
	}
	return out
}

// cells are a table's rows as typed, and a few blank ones to go on with.
func (p Props) cells(x Field) [][]string {
	var out [][]string
	for row := range slices.Chunk(p.Raw[x.Key], max(1, len(x.Columns))) {
		if len(row) == len(x.Columns) {
			out = append(out, row)
		}
	}
	for range 2 {
		if len(out) < MaxRows {
			out = append(out, make([]string, len(x.Columns)))
		}
	}
	return out
}

// when says, where scripts do not run, when a field is to be filled in.
func (p Props) when(ctx context.Context, x Field) string {
	return p.Form.Words(ctx, x.Show)
}

// Words puts a condition into words; one that is not made of rows stands as it
// is.
func (f Form) Words(ctx context.Context, src string) string {
	rows, any, ok := f.Rows(src)
	if !ok {
		return src
	}
	lang, out := i18n.Lang(ctx), ""
	for i, r := range rows {
		if i > 0 {
			join := "form.and"
			if any {
				join = "form.or"
			}
			out += ui.T(ctx, join)
		}
		x := f.Fields[f.Find(r.Field)]
		value := r.Value
		for _, o := range x.Options {
			if o.Value == r.Value {
				value = o.Label(lang)
			}
		}
		if value == Today {
			value = ui.T(ctx, "form.today")
		}
		out += ui.T(ctx, "form.words."+r.Op, "field", x.Label(lang), "value", value)
	}
	return out
}

// Answer is one answer as pages show it.
type Answer struct {
	Key, Label string
	Type       Type
	Lines      []string
	Head       []string   // of a table
	Cells      [][]string // of a table
	Files      []string   // ids
}

// Answers lists what was answered, in the form's order, for a reader of a
// language. people and assets name what stands by id.
func (f Form) Answers(raw Raw, lang string, people, assets map[string]string) []Answer {
	var out []Answer
	for _, x := range f.Fields {
		v, ok := raw[x.Key]
		if !ok || x.Type == Info {
			continue
		}
		a := Answer{Key: x.Key, Label: x.Label(lang), Type: x.Type}
		switch x.Type {
		case File:
			a.Files = v
		case Table:
			for _, c := range x.Columns {
				a.Head = append(a.Head, c.Label(lang))
			}
			for row := range slices.Chunk(v, max(1, len(x.Columns))) {
				a.Cells = append(a.Cells, row)
			}
		default:
			for _, s := range v {
				a.Lines = append(a.Lines, x.shown(s, lang, people, assets))
			}
		}
		out = append(out, a)
	}
	return out
}

func (f Field) shown(s, lang string, people, assets map[string]string) string {
	for _, o := range f.Options {
		if o.Value == s {
			return o.Label(lang)
		}
	}
	if n, ok := people[s]; ok && f.Type == Person {
		return n
	}
	if f.Type == Asset && uuid.Validate(s) == nil {
		if n, ok := assets[s]; ok {
			return n
		}
		return "…" // the reader may not see it
	}
	return s
}

func long(f ui.Field) ui.Field { f.Max = maxLong; f.Rows = 4; return f }

func typed(f ui.Field, t, mode string) ui.Field { f.Type, f.Mode = t, mode; return f }

func cellType(c Column) string {
	if c.Type == Date {
		return "date"
	}
	return "text"
}

// refused is what to tell who broke a field's own condition.
func refused(ctx context.Context, x Field) string {
	if s := x.Invalid(i18n.Lang(ctx)); s != "" {
		return s
	}
	return ui.T(ctx, "form.error.refused")
}

// Explain gives a fault's fields the words of the form: what to tell who broke
// a field's own condition is its designer's to say.
func (f Form) Explain(err *fault.Error, lang string) *fault.Error {
	if err == nil {
		return nil
	}
	out := *err
	out.Fields = slices.Clone(err.Fields)
	for i, x := range out.Fields {
		at := f.Find(x.Param)
		if x.Code != "form.error.refused" || at < 0 {
			continue
		}
		if s := f.Fields[at].Invalid(lang); s != "" {
			out.Fields[i].Code, out.Fields[i].Param = "form.error.said", s
		}
	}
	return &out
}
