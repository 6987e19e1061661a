// Package form is the forms that people make in the browser and others fill
// in: fields, conditions among them, and the check of what was filled in. It
// does no I/O; the same conditions run in the browser (web/static/js/form.js)
// and give the same answers there.
package form

import (
	"regexp"
	"slices"
	"strings"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
)

// Type is what a field holds.
type Type string

// The types.
const (
	Text   Type = "text"   // one line
	Long   Type = "long"   // several lines
	Number Type = "number" // decimal
	Date   Type = "date"   // YYYY-MM-DD
	Choice Type = "choice" // one of the options
	Multi  Type = "multi"  // any of the options
	Person Type = "person" // somebody of the company
	Asset  Type = "asset"  // a configuration item, or its name where there is no list of them
	File   Type = "file"   // uploads
	Table  Type = "table"  // rows of cells
	Info   Type = "info"   // a heading with text, nothing to fill in
)

// Types lists every type in the order the designer offers them.
var Types = [...]Type{Text, Long, Number, Date, Choice, Multi, Person, Asset, File, Table, Info}

// What one form may hold.
const (
	MaxFields  = 100
	maxOptions = 100
	maxColumns = 8
	MaxRows    = 30 // of a table
	maxText    = 500
	maxLong    = 10000
)

// Form is an ordered list of fields.
type Form struct {
	Fields []Field `json:"fields"`
}

// Field is one question.
type Field struct {
	// Key names the field in conditions and answers; it never changes.
	Key      string   `json:"key"`
	Type     Type     `json:"type"`
	LabelZh  string   `json:"label_zh,omitempty"`
	LabelEn  string   `json:"label_en,omitempty"`
	HintZh   string   `json:"hint_zh,omitempty"`
	HintEn   string   `json:"hint_en,omitempty"`
	Required bool     `json:"required,omitempty"`
	Options  []Option `json:"options,omitempty"`
	Columns  []Column `json:"columns,omitempty"`
	// Default is what stands there first: a text, today, or one of Profiles.
	Default string `json:"default,omitempty"`
	// Show, RequiredIf and Valid are conditions; "" is none. A field that is
	// not shown is empty, whatever was sent for it.
	Show       string `json:"show,omitempty"`
	RequiredIf string `json:"required_if,omitempty"`
	Valid      string `json:"valid,omitempty"`
	// InvalidZh and InvalidEn say how to mend what Valid refuses.
	InvalidZh string `json:"invalid_zh,omitempty"`
	InvalidEn string `json:"invalid_en,omitempty"`
}

// Option is one choice. Value is kept; labels may differ in later versions.
type Option struct {
	Value   string `json:"value"`
	LabelZh string `json:"label_zh,omitempty"`
	LabelEn string `json:"label_en,omitempty"`
}

// Column is one column of a table.
type Column struct {
	LabelZh string `json:"label_zh,omitempty"`
	LabelEn string `json:"label_en,omitempty"`
	Type    Type   `json:"type"` // Text, Number or Date
}

// Profiles are the defaults that come from who fills the form in.
var Profiles = [...]string{"profile.self", "profile.name", "profile.department", "profile.location", "profile.phone", "profile.email", "profile.title"}

// Today is the default and the variable of the day of filling in.
const Today = "today"

// Raw is what was filled in: per field its values as text. A table's cells
// stand row by row; a field with nothing is absent.
type Raw map[string][]string

// First is a field's only value, or "".
func (r Raw) First(key string) string {
	if v := r[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Label is a field's name for a reader of a language.
func (f Field) Label(lang string) string { return pick(lang, f.LabelZh, f.LabelEn) }

// Hint is what helps to fill it in.
func (f Field) Hint(lang string) string { return pick(lang, f.HintZh, f.HintEn) }

// Invalid is how to mend what the field's own condition refuses.
func (f Field) Invalid(lang string) string { return pick(lang, f.InvalidZh, f.InvalidEn) }

// Label is an option's name for a reader of a language.
func (o Option) Label(lang string) string {
	if s := pick(lang, o.LabelZh, o.LabelEn); s != "" {
		return s
	}
	return o.Value
}

// Label is a column's name for a reader of a language.
func (c Column) Label(lang string) string { return pick(lang, c.LabelZh, c.LabelEn) }

func pick(lang, zh, en string) string {
	if lang == i18n.English && en != "" || zh == "" {
		return en
	}
	return zh
}

// Find returns the place of a field, or -1.
func (f Form) Find(key string) int {
	return slices.IndexFunc(f.Fields, func(x Field) bool { return x.Key == key })
}

var keyRE = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// reserved cannot be keys: expressions would not understand them.
var reserved = []string{"and", "or", "not", "in", "contains", "matches", "if", "else", "let", "true", "false", "nil", "len", "filled", Today}

// NewKey makes a key from a label that no field has yet.
func (f Form) NewKey(label string) string {
	s := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(label), "_"), "_")
	if len(s) > 30 {
		s = strings.TrimRight(s[:30], "_")
	}
	if !keyRE.MatchString(s) || slices.Contains(reserved, s) {
		s = "field"
	}
	key := s
	for n := 2; f.Find(key) >= 0; n++ {
		key = s + "_" + itoa(n)
	}
	return key
}

// kind is what a field is to an expression.
func (f Field) kind() valueType {
	switch f.Type {
	case Number:
		return number
	case Date:
		return date
	case Multi, File:
		return list
	case Table:
		return table
	case Info:
		return none
	}
	return text
}

// Check refuses a form that could not be filled in. Field names are
// fields.N.name.
func (f Form) Check() error {
	out := fault.New(fault.Invalid, "error.invalid")
	if len(f.Fields) > MaxFields {
		out.Fields = append(out.Fields, fault.Field{Name: "fields", Code: "form.error.too_many", Param: itoa(MaxFields)})
	}
	for i := range f.Fields {
		for _, x := range f.CheckField(i) {
			x.Name = "fields." + itoa(i) + "." + x.Name
			out.Fields = append(out.Fields, x)
		}
	}
	if len(out.Fields) > 0 {
		return out
	}
	return nil
}

// CheckField lists what is wrong with one field, by the names of its parts.
func (f Form) CheckField(i int) []fault.Field {
	x := f.Fields[i]
	var out []fault.Field
	bad := func(name, code, param string) { out = append(out, fault.Field{Name: name, Code: code, Param: param}) }
	if !keyRE.MatchString(x.Key) || slices.Contains(reserved, x.Key) || strings.HasSuffix(x.Key, "_username") || strings.HasSuffix(x.Key, "_typed") || f.Find(x.Key) != i {
		bad("key", "form.error.key", x.Key)
	}
	if !slices.Contains(Types[:], x.Type) {
		bad("type", "validation.oneof", "")
	}
	if strings.TrimSpace(x.LabelZh) == "" && strings.TrimSpace(x.LabelEn) == "" {
		bad("label_zh", "form.error.label", "")
	}
	for name, s := range map[string]string{"label_zh": x.LabelZh, "label_en": x.LabelEn, "hint_zh": x.HintZh, "hint_en": x.HintEn, "invalid_zh": x.InvalidZh, "invalid_en": x.InvalidEn, "default": x.Default} {
		if len(s) > 2000 {
			bad(name, "validation.max", "500")
		}
	}
	switch x.Type {
	case Choice, Multi:
		if code := checkOptions(x.Options); code != "" {
			bad("options", code, itoa(maxOptions))
		}
	case Table:
		if len(x.Columns) == 0 || len(x.Columns) > maxColumns {
			bad("columns", "form.error.columns", itoa(maxColumns))
		}
		for _, c := range x.Columns {
			if c.Label("zh-CN") == "" || !slices.Contains([]Type{Text, Number, Date}, c.Type) {
				bad("columns", "form.error.column", "")
				break
			}
		}
	}
	if x.Default != "" && !slices.Contains(Profiles[:], x.Default) && (x.Default != Today || x.Type != Date) && x.wrong([]string{x.Default}, x.Type) != "" {
		bad("default", "form.error.default", "")
	}
	for name, src := range map[string]string{"show": x.Show, "required_if": x.RequiredIf, "valid": x.Valid} {
		if e := f.checkExpr(i, name, src); e != nil {
			bad(name, e.Code, e.Param)
		}
	}
	slices.SortFunc(out, func(a, b fault.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (f Form) checkExpr(i int, name, src string) *ExprError {
	if src == "" {
		return nil
	}
	if f.Fields[i].Type == Info && name != "show" {
		return &ExprError{Code: "form.error.expr_info"}
	}
	n, e := f.compile(src)
	if e != nil {
		return e
	}
	if name != "show" {
		return nil
	}
	for _, k := range n.keys() {
		// What is shown depends only on what stands above: so it is decided in
		// one pass, and never in a circle.
		if f.Find(k) >= i {
			return &ExprError{Code: "form.error.expr_order", Param: k}
		}
	}
	return nil
}

func checkOptions(options []Option) string {
	if len(options) == 0 || len(options) > maxOptions {
		return "form.error.options"
	}
	seen := map[string]bool{}
	for _, o := range options {
		if strings.TrimSpace(o.Value) == "" || len(o.Value) > 200 || strings.ContainsAny(o.Value, "\n\r\x00") || seen[o.Value] {
			return "form.error.option"
		}
		seen[o.Value] = true
	}
	return ""
}

// Users lists the fields whose conditions speak of a key: it cannot be removed
// before they stop.
func (f Form) Users(key string) []string {
	var out []string
	for _, x := range f.Fields {
		for _, src := range []string{x.Show, x.RequiredIf, x.Valid} {
			if x.Key == key || src == "" {
				continue
			}
			if n, e := f.compile(src); e == nil && slices.Contains(n.keys(), key) && !slices.Contains(out, x.Key) {
				out = append(out, x.Key)
			}
		}
	}
	return out
}

// Move puts a field at another place; conditions are checked by Check.
func (f Form) Move(key string, to int) Form {
	i := f.Find(key)
	if i < 0 {
		return f
	}
	x := f.Fields[i]
	rest := slices.Delete(slices.Clone(f.Fields), i, i+1)
	return Form{slices.Insert(rest, max(0, min(to, len(rest))), x)}
}

// Remove takes a field away, or says which others speak of it.
func (f Form) Remove(key string) (Form, error) {
	i := f.Find(key)
	if i < 0 {
		return f, fault.New(fault.NotFound, "error.not_found")
	}
	if u := f.Users(key); len(u) > 0 {
		return f, fault.New(fault.Conflict, "form.error.referenced", "fields", strings.Join(u, ", "))
	}
	return Form{slices.Delete(slices.Clone(f.Fields), i, i+1)}, nil
}
