package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/sheet"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// ExportNow is up to how many rows an export is made while its reader waits;
// more become a batch. maxExport is how many one file may have.
const (
	ExportNow = 1000
	maxExport = 200_000
)

// ExportInput asks for the rows of the list at Query.
type ExportInput struct {
	Query   string   `json:"query" validate:"max=4000"`
	Format  string   `json:"format" validate:"required,oneof=csv xlsx"`
	Columns []string `json:"columns" validate:"max=20"`
}

// exported are the columns asked for that a file may hold; number, title and
// state are always there.
func (s *Spec) exported(asked []string) []string {
	if len(asked) == 0 {
		return s.Exports
	}
	var out []string
	for _, c := range s.Exports {
		if slices.Contains([]string{"number", "title", "state"}, c) || slices.Contains(asked, c) {
			out = append(out, c)
		}
	}
	return out
}

// Exported is how an export ended: written, or handed to a batch.
type Exported struct {
	Rows  int
	Batch *batch.Batch
}

func (s *Spec) exportKind() string { return string(s.Kind) + ".export" }

// Take writes the rows of a list that the actor may see and may take out. open
// is called before the first byte of a file that is made at once; a larger one
// becomes a batch instead.
func (q *Queue[R]) Take(ctx context.Context, in ExportInput, open func(name string) io.Writer) (Exported, error) {
	if _, err := q.desk.Permit(ctx, q.Export); err != nil {
		return Exported{}, err
	}
	if err := validate.Struct(in); err != nil {
		return Exported{}, err
	}
	f, a, err := q.takes(ctx, in)
	if err != nil {
		return Exported{}, err
	}
	n, err := q.count(ctx, q.desk.DB, f, a, maxExport)
	if err != nil {
		return Exported{}, err
	}
	if n > maxExport {
		return Exported{}, fault.New(fault.Conflict, "queue.error.export_large", "count", maxExport)
	}
	name := strings.TrimPrefix(q.Path, "/") + "-" + q.desk.Now().In(q.Zone).Format("20060102-1504") + "." + in.Format
	if n > ExportNow {
		b, err := q.Batches.BeginFile(ctx, q.exportKind(), in, n, name)
		return Exported{Rows: n, Batch: &b}, err
	}
	// The act is kept before the first row leaves.
	err = q.desk.Do(ctx, func(u *work.Unit) error {
		return u.Record(ctx, q.Export, record.Ref{Kind: "export", ID: work.NewID()}, trail.Diff{"query": {nil, in.Query}, "format": {nil, in.Format}, "rows": {nil, n}})
	})
	if err != nil {
		return Exported{}, err
	}
	return Exported{Rows: n}, q.write(ctx, in, open(name), func(int) error { return nil })
}

// takes is what an export is about, narrowed to what its actor may take out.
func (q *Queue[R]) takes(ctx context.Context, in ExportInput) (f Filter, a Ask, err error) {
	who, err := q.desk.Permit(ctx, q.Export)
	if err != nil {
		return f, a, err
	}
	if f, err = q.ParseQuery(in.Query); err != nil {
		return f, a, err
	}
	if a, err = q.Ask(ctx, f); err != nil {
		return f, a, err
	}
	row, err := q.desk.Row(q.Export)
	if err != nil {
		return f, a, err
	}
	v := record.Visible(q.desk.Matrix.ReadScope(who, row), who, q.desk.Now())
	a.also = &v
	return f, a, nil
}

// exportAll is the batch.
func (q *Queue[R]) exportAll(ctx context.Context, b batch.Batch, w io.Writer, report func(int) error) error {
	var in ExportInput
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return q.write(ctx, in, w, report)
}

// write puts one page after the other into the file, so that memory stays the
// same however many rows there are. All are of one moment: in a list by last
// change, rows that change meanwhile would be missing or there twice. The file
// is made in memory or in the store of files; nobody downloads it meanwhile.
func (q *Queue[R]) write(ctx context.Context, in ExportInput, w io.Writer, report func(int) error) error {
	f, a, err := q.takes(ctx, in)
	if err != nil {
		return err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	x := exporter[R]{spec: &q.Spec, m: q.desk.Messages.In(who.Lang), zone: a.Zone}
	if x.teams, err = identity.Teams(ctx, q.desk.DB); err != nil {
		return err
	}
	if x.own, err = q.Cells(ctx, x.m, a.Zone); err != nil {
		return err
	}
	out := sheet.New(in.Format, w)
	columns := q.exported(in.Columns)
	if err := out.Row(x.head(columns)...); err != nil {
		return err
	}
	f.Limit = maxPage
	cut := false
	err = q.desk.DB.Snapshot(ctx, func(from db.Querier) error {
		cut, err = pages(maxExport, func(last *R) ([]R, error) {
			if last != nil {
				f.After = q.place(f, (*last).Base())
			}
			return q.read(ctx, from, f, a)
		}, func(r R) error { return out.Row(x.cells(columns, r)...) }, report)
		return err
	})
	if err != nil {
		return err
	}
	if cut {
		if err := out.Row(x.m.T("queue.export.cut", "count", maxExport)); err != nil {
			return err
		}
	}
	return out.Close()
}

// pages puts a list page by page, each read after the last row of the one before
// it, and reports how many rows that are. cut: it has more rows than most.
func pages[R any](most int, read func(last *R) ([]R, error), put func(R) error, report func(done int) error) (cut bool, err error) {
	var last *R
	for done := 0; ; {
		page, err := read(last)
		if err != nil || len(page) == 0 {
			return false, err
		}
		for _, r := range page {
			if done == most {
				return true, nil
			}
			if err := put(r); err != nil {
				return false, err
			}
			done++
		}
		if err := report(done); err != nil || len(page) < maxPage {
			return false, err
		}
		last = &page[len(page)-1]
	}
}

// exporter puts rows into words.
type exporter[R Row] struct {
	spec  *Spec
	m     *i18n.Messages
	zone  *time.Location
	teams []identity.Team
	own   func(column string, r R) (string, bool)
}

func (x exporter[R]) head(columns []string) []string {
	out := make([]string, len(columns))
	for n, c := range columns {
		out[n] = x.m.T(x.spec.Label(c))
	}
	return out
}

func (x exporter[R]) cells(columns []string, r R) []string {
	out := make([]string, len(columns))
	for n, c := range columns {
		var own bool
		if out[n], own = x.own(c, r); !own {
			out[n] = x.cell(c, r.Base())
		}
	}
	return out
}

func (x exporter[R]) cell(column string, l Line) string {
	const stamp = "2006-01-02 15:04"
	switch column {
	case "number":
		return l.Number
	case "title":
		return l.Title
	case "priority":
		return fmt.Sprintf("P%d", l.Priority)
	case "team":
		return teamName(x.m.Lang, x.teams, l.TeamID)
	case "due":
		if l.DueAt != nil {
			return l.DueAt.In(x.zone).Format(stamp)
		}
	case "created":
		return l.CreatedAt.In(x.zone).Format(stamp)
	case "updated":
		return l.UpdatedAt.In(x.zone).Format(stamp)
	}
	return ""
}

func teamName(lang string, list []identity.Team, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	for _, t := range list {
		if t.ID == *id {
			return t.Display(lang)
		}
	}
	return ""
}
