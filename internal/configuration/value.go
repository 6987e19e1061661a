package configuration

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Values are the attributes of an item by key: text, float64 or bool, each in
// one writing. What has no value is absent.
type Values map[string]any

// Keys lists the keys that have a value, sorted.
func (v Values) Keys() []string { return slices.Sorted(maps.Keys(v)) }

// Text is a value as people write it; "" for none.
func (v Values) Text(key string) string { return text(v[key]) }

func text(x any) string {
	switch t := x.(type) {
	case nil:
		return ""
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case float64:
		return strconv.FormatFloat(t, 'f', -1, 64)
	}
	return fmt.Sprint(x)
}

// without is a copy without some keys.
func (v Values) without(keys ...string) Values {
	out := maps.Clone(v)
	for _, k := range keys {
		delete(out, k)
	}
	return out
}

const maxText = 2000

// parse reads one value of an attribute as it was typed or sent; nil stands for
// no value. What is wrong is a message key and the limit it broke.
func (a Attribute) parse(in any) (out any, code, param string) {
	s := strings.TrimSpace(text(in))
	if in == nil || s == "" {
		return nil, "", ""
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return nil, "validation.text", ""
	}
	if utf8.RuneCountInString(s) > maxText {
		return nil, "validation.max", strconv.Itoa(maxText)
	}
	switch a.Type {
	case TypeNumber:
		return a.number(s)
	case TypeBool:
		switch strings.ToLower(s) {
		case "true", "yes", "on", "1", "是":
			return true, "", ""
		case "false", "no", "off", "0", "否":
			return false, "", ""
		}
		return nil, "configuration.error.bool", ""
	case TypeDate:
		d, ok := parseDate(s)
		if !ok {
			return nil, "configuration.error.date", ""
		}
		return d.Format(time.DateOnly), "", ""
	case TypeChoice:
		for _, o := range a.Options {
			if o.Value == s || strings.EqualFold(o.Zh, s) || strings.EqualFold(o.En, s) {
				return o.Value, "", ""
			}
		}
		return nil, "validation.oneof", ""
	case TypeIP:
		ip, err := netip.ParseAddr(strings.SplitN(s, "/", 2)[0])
		if err != nil {
			return nil, "configuration.error.ip", ""
		}
		return ip.Unmap().String(), "", ""
	case TypeMAC:
		m, err := net.ParseMAC(s)
		if err != nil {
			return nil, "configuration.error.mac", ""
		}
		return m.String(), "", ""
	case TypeURL:
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ssh" {
			return nil, "configuration.error.url", ""
		}
		return u.String(), "", ""
	case TypePerson, TypeItem:
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, "validation.unknown", ""
		}
		return id.String(), "", ""
	}
	if a.Pattern != "" {
		re, err := regexp.Compile(`^(?:` + a.Pattern + `)$`)
		if err != nil || !re.MatchString(s) {
			return nil, "configuration.error.pattern", a.Pattern
		}
	}
	return s, "", ""
}

func (a Attribute) number(s string) (any, string, string) {
	n, err := strconv.ParseFloat(strings.ReplaceAll(s, " ", ""), 64)
	switch {
	case err != nil || n != n || n > 1e15 || n < -1e15:
		return nil, "validation.number", ""
	case a.Min != nil && n < *a.Min:
		return nil, "validation.min", text(*a.Min)
	case a.Max != nil && n > *a.Max:
		return nil, "validation.max", text(*a.Max)
	}
	return n, "", ""
}

func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006/1/2", "2006/01/02", "02/01/2006", "2006-01-02 15:04:05", time.RFC3339} {
		if d, err := time.Parse(layout, s); err == nil && d.Year() > 1950 && d.Year() < 2200 {
			return d.Truncate(24 * time.Hour), true
		}
	}
	return time.Time{}, false
}

// set puts values typed or sent into the item, and finds what is wrong with
// them, with what is missing where the class requires it. Only the given keys
// change.
func (i *Item) set(m Model, in map[string]any, partial bool) error {
	bad := fault.New(fault.Invalid, "error.invalid")
	values := maps.Clone(i.Attributes)
	if values == nil {
		values = Values{}
	}
	known := map[string]bool{}
	for _, a := range m.Attributes(i.ClassID) {
		known[a.Key] = true
		if raw, given := in[a.Key]; given {
			v, code, param := a.parse(raw)
			switch {
			case code != "":
				bad.Fields = append(bad.Fields, fault.Field{Name: field(a.Key), Code: code, Param: param})
			case v == nil:
				delete(values, a.Key)
			default:
				values[a.Key] = v
			}
		}
		if a.Required && !partial && values[a.Key] == nil && !slices.ContainsFunc(bad.Fields, func(f fault.Field) bool { return f.Name == field(a.Key) }) {
			bad.Fields = append(bad.Fields, fault.Field{Name: field(a.Key), Code: "validation.required"})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(in)) {
		if !known[k] {
			bad.Fields = append(bad.Fields, fault.Field{Name: field(k), Code: "validation.unknown_field"})
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	i.Attributes = values
	return nil
}

// field is the name of an attribute's field in forms and faults.
func field(key string) string { return "attr_" + key }

// identifier is a value by which an item is found exactly.
type identifier struct{ Key, Value string }

// exactly is the one writing in which exact values are compared.
func exactly(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// index fills in what the item is found by and what it alone may have, for the
// repository.
func (i *Item) index(m Model) {
	i.exact, i.uniques = []identifier{{"name", exactly(i.Name)}}, map[uuid.UUID]string{}
	for _, a := range m.Attributes(i.ClassID) {
		v := exactly(i.Attributes.Text(a.Key))
		if v == "" {
			continue
		}
		if a.Identifier && len(v) <= 200 && !junk(a.Key, v) {
			i.exact = append(i.exact, identifier{a.Key, v})
		}
		if a.Unique {
			i.uniques[a.ID] = v
		}
	}
}

// show is a value for people: the name of a choice, yes or no, a number with
// its unit.
func (a Attribute) show(ctx context.Context, x any, say func(string) string) string {
	switch {
	case x == nil:
		return ""
	case a.Type == TypeChoice:
		return a.Option(ctx, text(x))
	case a.Type == TypeBool && x == true:
		return say("ui.yes")
	case a.Type == TypeBool:
		return say("ui.no")
	case a.Unit != "":
		return text(x) + " " + a.Unit
	}
	return text(x)
}
