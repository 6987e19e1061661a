package configuration

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"opsdesk/internal/platform/sheet"
	"opsdesk/internal/ui"
)

// baselineFile writes a comparison, or the items of the baseline, page by page.
// No person is named in it.
func (h handlers) baselineFile(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	b, err := h.baseline(r)
	if err != nil {
		return err
	}
	f := baselineFile{w: w, b: b, whole: r.URL.Query().Get("with") == ""}
	if f.m, err = h.s.Model(ctx); err != nil {
		return err
	}
	err = h.s.ExportBaseline(ctx, b, r.URL.Query().Get("with"), r.URL.Query().Get("fate"), func(c Comparison) error { return f.page(ctx, c) })
	if err != nil {
		return err
	}
	return f.out.Close()
}

// baselineFile is a file that is being written. It begins with its first page:
// a fault before that is still answered by a page.
type baselineFile struct {
	w     http.ResponseWriter
	b     Baseline
	m     Model
	whole bool // the items, not what differs
	out   sheet.Sheet
}

func (f *baselineFile) begin(ctx context.Context) error {
	f.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	f.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="baseline-%s.csv"`, f.b.At.UTC().Format("20060102-1504")))
	f.w.Header().Set("Cache-Control", "private, no-store")
	f.out = sheet.CSV(f.w)
	keys := []string{"field.number", "field.name", "field.class", "baseline.fate", "then.field", "baseline.before", "baseline.after"}
	if f.whole {
		keys = []string{"field.number", "field.name", "field.class", "field.lifecycle", "field.version"}
	}
	for n, k := range keys {
		keys[n] = ui.T(ctx, "configuration."+k)
	}
	return f.out.Row(keys...)
}

func (f *baselineFile) page(ctx context.Context, c Comparison) error {
	if f.out == nil {
		if err := f.begin(ctx); err != nil {
			return err
		}
	}
	for _, d := range c.Rows {
		for _, line := range f.lines(ctx, c.Names, d) {
			if err := f.out.Row(line...); err != nil {
				return err
			}
		}
	}
	for _, t := range c.Ties {
		if err := f.out.Row(f.tie(ctx, t)...); err != nil {
			return err
		}
	}
	return f.out.Flush()
}

// tie is the row of a relation: that of its first item, and as the value the
// other one, where it was.
func (f *baselineFile) tie(ctx context.Context, t TieDeviation) []string {
	before, after := Label(t.ToNumber)+" "+t.ToName, ""
	if t.Fate == IsNew {
		before, after = after, before
	}
	how := ui.T(ctx, "configuration.tab.relations") + ": " + t.Type.Name(ctx, true)
	return []string{Label(t.FromNumber), t.FromName, f.m.Classes[t.FromClass].Name(ctx), ui.T(ctx, "configuration.baseline."+t.Fate), how, before, after}
}

// lines are the rows of an item: one, or one for each field that differs.
func (f *baselineFile) lines(ctx context.Context, names Names, d Deviation) [][]string {
	if f.whole {
		show := func(field string) string { return names.show(ctx, f.m, d.ClassID, field, d.Was[field]) }
		return [][]string{{d.Label(), show("name"), show("class"), show("lifecycle"), strconv.Itoa(*d.Before)}}
	}
	head := []string{d.Label(), d.Name, f.m.Classes[d.ClassID].Name(ctx), ui.T(ctx, "configuration.baseline."+d.Fate)}
	if len(d.Changes) == 0 {
		return [][]string{append(head, "", "", "")}
	}
	out := make([][]string, len(d.Changes))
	for n, c := range d.Changes {
		show := func(v any) string { return names.impersonal(ctx, f.m, d.ClassID, c.Field, v) }
		out[n] = append(head[:4:4], fieldName(ctx, f.m, d.ClassID, c.Field), show(c.Before), show(c.After))
	}
	return out
}
