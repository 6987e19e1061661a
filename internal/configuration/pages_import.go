package configuration

import (
	"context"
	"fmt"

	"opsdesk/internal/ui"
)

func columnField(n int) string { return fmt.Sprintf("column_%d", n) }

// target is the field that a column is mapped to: as typed, or as it is.
func (p importProps) target(n int) string {
	if p.Form.Has(columnField(n)) {
		return p.Form.Get(columnField(n))
	}
	return p.Mapping[p.Columns[n]]
}

// sample is the first value of a column.
func (p importProps) sample(n int) string {
	for _, r := range p.Rows {
		if n < len(r.Raw) && r.Raw[n] != "" {
			return ui.Cut(r.Raw[n], 40)
		}
	}
	return ""
}

func (p importProps) targets(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "key", Label: ui.T(ctx, "configuration.field.source_key")}}
	for _, f := range sourceFields {
		out = append(out, ui.Option{Value: f, Label: ui.T(ctx, "configuration.field."+f)})
	}
	for _, a := range p.Model.Attributes(p.Class.ID) {
		out = append(out, ui.Option{Value: "attributes." + a.Key, Label: a.Name(ctx)})
	}
	return out
}

func (p importProps) url(rest string) string { return "/configuration/imports/" + p.ID.String() + rest }

func actionColour(action string) string {
	return map[string]string{doAdd: "green", doChange: "blue", doRelate: "teal", doReview: "amber", doFailed: "red"}[action]
}

// classOf is the class of a row, for the names of its fields.
func (p importProps) classOf(r ImportRow) Class {
	if s := r.content().Sighting; s != nil {
		c, _ := p.Model.Key(s.Class)
		return c
	}
	return Class{}
}

func (r Review) says() []Change {
	row := ImportRow{Content: r.Content}
	var out []Change
	if s := row.content().Sighting; s != nil {
		for _, k := range sortedKeys(s.Fields) {
			out = append(out, Change{Field: k, After: s.Fields[k]})
		}
	}
	return out
}

// firstChanges are the changes that a row shows.
func firstChanges(list []Change) []Change { return list[:min(8, len(list))] }
