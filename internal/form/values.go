package form

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Prefix stands before a field's key in the names of inputs.
const Prefix = "f_"

// FromForm reads what was filled in from a form's values. Names that are no
// field are left out.
func (f Form) FromForm(v url.Values) Raw {
	out := Raw{}
	for _, x := range f.Fields {
		if s, ok := v[Prefix+x.Key]; ok && x.Type != Info {
			out[x.Key] = plainLines(s)
		}
		if s := v.Get(Prefix + x.Key + "_typed"); x.Type == Asset && s != "" && out.First(x.Key) == "" {
			out[x.Key] = []string{s} // where pickers do not run
		}
	}
	return out
}

func plainLines(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return out
}

// FromDraft reads a saved draft, in which several values stand on lines.
func (f Form) FromDraft(d map[string]string) Raw {
	out := Raw{}
	for _, x := range f.Fields {
		s, ok := d[Prefix+x.Key]
		switch {
		case !ok || s == "":
		case x.kind() == list || x.kind() == table:
			out[x.Key] = strings.Split(s, "\n")
		default:
			out[x.Key] = []string{s}
		}
	}
	return out
}

// Prefill is what stands in the form first; profile has what Profiles name,
// without the prefix.
func (f Form) Prefill(profile map[string]string, today string) Raw {
	out := Raw{}
	for _, x := range f.Fields {
		v := x.Default
		if p, ok := strings.CutPrefix(v, "profile."); ok {
			v = profile[p]
		} else if v == Today && x.Type == Date {
			v = today
		}
		if v != "" {
			out[x.Key] = []string{v}
		}
	}
	return out
}

// Accept checks what was filled in and returns what is kept: of fields that
// are not shown nothing, of tables only rows with something in them. The fault
// names inputs as they are called in the page.
func (f Form) Accept(raw Raw, today string) (Raw, error) {
	kept := f.Keep(raw, today)
	s := f.State(raw, today)
	out := fault.New(fault.Invalid, "error.invalid")
	for _, x := range f.Fields {
		if !s.Shown[x.Key] || x.Type == Info {
			continue
		}
		v, has := kept[x.Key]
		bad := fault.Field{Name: Prefix + x.Key, Param: x.Key}
		switch {
		case !has && s.Required[x.Key]:
			bad.Code = "validation.required"
		case has:
			bad.Code = x.wrong(v, x.Type)
			if bad.Code == "" && s.Invalid[x.Key] {
				bad.Code = "form.error.refused"
			}
		}
		if bad.Code != "" {
			out.Fields = append(out.Fields, bad)
		}
	}
	if len(out.Fields) > 0 {
		return kept, out
	}
	return kept, nil
}

// Keep is what of a form is kept without checking it: nothing of hidden
// fields, nothing blank.
func (f Form) Keep(raw Raw, today string) Raw {
	s := f.State(raw, today)
	out := Raw{}
	for _, x := range f.Fields {
		v, ok := raw[x.Key]
		if !ok || !s.Shown[x.Key] || x.Type == Info {
			continue
		}
		if x.Type == Table {
			v = x.rows(v)
		} else {
			v = slices.DeleteFunc(slices.Clone(v), func(s string) bool { return strings.TrimSpace(s) == "" })
		}
		if len(v) > 0 {
			out[x.Key] = v
		}
	}
	return out
}

// rows are a table's cells without its blank rows.
func (f Field) rows(cells []string) []string {
	var out []string
	for row := range slices.Chunk(cells, max(1, len(f.Columns))) {
		if len(row) == len(f.Columns) && strings.TrimSpace(strings.Join(row, "")) != "" {
			out = append(out, row...)
		}
	}
	return out
}

// wrong is the message key of what is wrong with the values of a field.
func (f Field) wrong(v []string, t Type) string {
	for _, s := range v {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return "validation.text"
		}
	}
	switch t {
	case Multi:
		for i, s := range v {
			if !f.has(s) || slices.Contains(v[:i], s) {
				return "validation.oneof"
			}
		}
		return ""
	case File:
		return each(v, 20, uuid.Validate)
	case Table:
		return f.wrongCells(v)
	}
	if len(v) != 1 {
		return "validation.type"
	}
	return f.wrongText(v[0], t)
}

func each(v []string, most int, check func(string) error) string {
	if len(v) > most {
		return "validation.max"
	}
	for _, s := range v {
		if check(s) != nil {
			return "validation.uuid"
		}
	}
	return ""
}

func (f Field) wrongText(s string, t Type) string {
	switch t {
	case Long:
		if utf8.RuneCountInString(s) > maxLong {
			return "form.error.long"
		}
		return ""
	case Number:
		if !numberRE.MatchString(s) {
			return "validation.number"
		}
		return ""
	case Date:
		if _, err := time.Parse(time.DateOnly, s); err != nil || !dayRE.MatchString(s) {
			return "form.error.date"
		}
		return ""
	case Choice:
		if !f.has(s) {
			return "validation.oneof"
		}
		return ""
	case Person:
		if uuid.Validate(s) != nil {
			return "validation.unknown"
		}
		return ""
	}
	if utf8.RuneCountInString(s) > maxText || strings.ContainsAny(s, "\n\r\t") {
		return "validation.line"
	}
	return ""
}

func (f Field) wrongCells(v []string) string {
	if len(v)%len(f.Columns) != 0 || len(v) > MaxRows*len(f.Columns) {
		return "form.error.rows"
	}
	for i, s := range v {
		if s == "" {
			continue
		}
		if code := f.wrongText(s, f.Columns[i%len(f.Columns)].Type); code != "" {
			return code
		}
	}
	return ""
}

func (f Field) has(value string) bool {
	return slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == value })
}

// People lists the persons that answers name.
func (f Form) People(r Raw) []uuid.UUID { return f.ids(r, Person) }

// Files lists the uploads that answers hold.
func (f Form) Files(r Raw) []uuid.UUID { return f.ids(r, File) }

// Assets lists the configuration items that answers name by id.
func (f Form) Assets(r Raw) []uuid.UUID { return f.ids(r, Asset) }

func (f Form) ids(r Raw, t Type) []uuid.UUID {
	var out []uuid.UUID
	for _, x := range f.Fields {
		if x.Type != t {
			continue
		}
		for _, s := range r[x.Key] {
			if id, err := uuid.Parse(s); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}
