package incident

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
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

// exportColumns are what a file may hold. People's names are not among them:
// that takes two persons (controls, export.with_pii).
var exportColumns = []string{"number", "title", "state", "priority", "team", "category", "service", "pending", "channel", "created", "updated"}

// ExportInput asks for the rows of the list at Query.
type ExportInput struct {
	Query   string   `json:"query" validate:"max=4000"`
	Format  string   `json:"format" validate:"required,oneof=csv xlsx"`
	Columns []string `json:"columns" validate:"max=20"`
}

// columns are those asked for that a file may hold; number, title and state are
// always there.
func (in ExportInput) columns() []string {
	if len(in.Columns) == 0 {
		return exportColumns
	}
	var out []string
	for _, c := range exportColumns {
		if slices.Contains([]string{"number", "title", "state"}, c) || slices.Contains(in.Columns, c) {
			out = append(out, c)
		}
	}
	return out
}

func (in ExportInput) filter() (Filter, error) {
	q, err := url.ParseQuery(in.Query)
	if err != nil {
		return Filter{}, fault.OnField("query", "incident.error.filter")
	}
	return ParseFilter(q)
}

// Exported is how an export ended: written, or handed to a batch.
type Exported struct {
	Rows  int
	Batch *batch.Batch
}

// Export writes the rows of a list that the actor may see and may take out. open
// is called before the first byte of a file that is made at once; a larger one
// becomes a batch instead.
func (s *Service) Export(ctx context.Context, in ExportInput, open func(name string) io.Writer) (Exported, error) {
	who, err := s.desk.Permit(ctx, ActionExport)
	if err != nil {
		return Exported{}, err
	}
	if err := validate.Struct(in); err != nil {
		return Exported{}, err
	}
	f, err := in.filter()
	if err != nil {
		return Exported{}, err
	}
	v, a, err := s.asked(ctx, f)
	if err != nil {
		return Exported{}, err
	}
	if a.also, err = s.mayExport(who); err != nil {
		return Exported{}, err
	}
	n, err := s.repo.count(ctx, s.desk.DB, v, f, a, maxExport)
	if err != nil {
		return Exported{}, err
	}
	if n > maxExport {
		return Exported{}, fault.New(fault.Conflict, "incident.error.export_large", "count", maxExport)
	}
	if n > ExportNow {
		b, err := s.batches.BeginFile(ctx, BatchExport, in, n, s.exportName(in))
		return Exported{Rows: n, Batch: &b}, err
	}
	// The act is kept before the first row leaves.
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		return u.Record(ctx, ActionExport, record.Ref{Kind: "export", ID: work.NewID()}, trail.Diff{"query": {nil, in.Query}, "format": {nil, in.Format}, "rows": {nil, n}})
	})
	if err != nil {
		return Exported{}, err
	}
	return Exported{Rows: n}, s.write(ctx, in, open(s.exportName(in)), func(int) error { return nil })
}

func (s *Service) exportName(in ExportInput) string {
	return "incidents-" + s.desk.Now().In(s.zone).Format("20060102-1504") + "." + in.Format
}

// exportAll is the batch.
func (s *Service) exportAll(ctx context.Context, b batch.Batch, w io.Writer, report func(int) error) error {
	var in ExportInput
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if _, err := s.desk.Permit(ctx, ActionExport); err != nil {
		return err
	}
	return s.write(ctx, in, w, report)
}

// mayExport is what of the visible an actor may take out.
func (s *Service) mayExport(who identity.Actor) (*record.Visibility, error) {
	row, err := s.desk.Row(ActionExport)
	if err != nil {
		return nil, err
	}
	v := record.Visible(s.desk.Matrix.ReadScope(who, row), who, s.desk.Now())
	return &v, nil
}

// sheet takes rows; each format is one.
type sheet interface {
	row(cells []string) error
	close() error
}

func (s *Service) write(ctx context.Context, in ExportInput, w io.Writer, report func(int) error) error {
	f, err := in.filter()
	if err != nil {
		return err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return err
	}
	c, err := s.Config(ctx)
	if err != nil {
		return err
	}
	teams, err := identity.Teams(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	v, a, err := s.asked(ctx, f)
	if err != nil {
		return err
	}
	if a.also, err = s.mayExport(who); err != nil {
		return err
	}
	m := s.desk.Messages.In(who.Lang)
	out := newSheet(in.Format, w)
	columns := in.columns()
	head := make([]string, len(columns))
	for n, col := range columns {
		head[n] = m.T("incident.export.col." + col)
	}
	if err := out.row(head); err != nil {
		return err
	}
	x := exporter{m: m, zone: a.zone, teams: teams, config: c}
	for done := 0; ; {
		f.Limit = maxPage
		rows, err := s.repo.list(ctx, s.desk.DB, v, f, a)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := out.row(x.cells(columns, r)); err != nil {
				return err
			}
		}
		done += len(rows)
		if err := report(done); err != nil {
			return err
		}
		if len(rows) < maxPage || done >= maxExport {
			return out.close()
		}
		f.After = f.place(rows[len(rows)-1])
	}
}

// exporter puts rows into words.
type exporter struct {
	m      *i18n.Messages
	zone   *time.Location
	teams  []identity.Team
	config Config
	names  map[uuid.UUID]string
}

func (x *exporter) cells(columns []string, r Row) []string {
	out := make([]string, len(columns))
	for n, c := range columns {
		out[n] = x.cell(c, r)
	}
	return out
}

func (x *exporter) cell(column string, r Row) string {
	switch column {
	case "number":
		return r.Number
	case "title":
		return r.Title
	case "state":
		return x.m.T("ui.state." + r.State)
	case "priority":
		return fmt.Sprintf("P%d", r.Priority)
	case "team":
		return x.named(r.TeamID, func(id uuid.UUID) string {
			for _, t := range x.teams {
				if t.ID == id {
					return t.Display(x.m.Lang)
				}
			}
			return ""
		})
	case "category":
		return x.named(r.CategoryID, func(id uuid.UUID) string { return x.choice(x.config.Categories, &id) })
	case "service":
		return x.named(r.ServiceID, func(id uuid.UUID) string { return x.choice(x.config.Services, &id) })
	case "pending":
		if r.PendingReason != "" {
			return x.m.T("incident.pending_reason." + r.PendingReason)
		}
	case "channel":
		return x.m.T("incident.channel." + r.Channel)
	case "created":
		return r.CreatedAt.In(x.zone).Format("2006-01-02 15:04")
	case "updated":
		return r.UpdatedAt.In(x.zone).Format("2006-01-02 15:04")
	}
	return ""
}

// named looks a name up once.
func (x *exporter) named(id *uuid.UUID, find func(uuid.UUID) string) string {
	if id == nil {
		return ""
	}
	if s, ok := x.names[*id]; ok {
		return s
	}
	if x.names == nil {
		x.names = map[uuid.UUID]string{}
	}
	x.names[*id] = find(*id)
	return x.names[*id]
}

// choice is a category or service with those above it.
func (x *exporter) choice(list []Choice, id *uuid.UUID) string {
	s := ""
	for n := 0; id != nil && n < 20; n++ {
		k := slices.IndexFunc(list, func(c Choice) bool { return c.ID == *id })
		if k < 0 {
			break
		}
		name := list[k].NameZh
		if x.m.Lang == i18n.English {
			name = list[k].NameEn
		}
		if s != "" {
			s = " / " + s
		}
		s, id = name+s, list[k].ParentID
	}
	return s
}

func newSheet(format string, w io.Writer) sheet {
	if format == "xlsx" {
		return newBook(w)
	}
	b := bufio.NewWriter(w)
	_, _ = b.WriteString("\ufeff") // for spreadsheets; an error comes back with the flush
	c := csv.NewWriter(b)
	c.UseCRLF = true
	return &csvSheet{b, c}
}

type csvSheet struct {
	b *bufio.Writer
	c *csv.Writer
}

func (s *csvSheet) row(cells []string) error {
	for n := range cells {
		cells[n] = harmless(cells[n])
	}
	return s.c.Write(cells)
}

func (s *csvSheet) close() error {
	s.c.Flush()
	if err := s.c.Error(); err != nil {
		return err
	}
	return s.b.Flush()
}

// harmless keeps a spreadsheet from taking a text for a formula (OWASP, CSV
// injection).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// book is an XLSX file. Its cells are texts, never formulas.
type book struct {
	w    io.Writer
	f    *excelize.File
	s    *excelize.StreamWriter
	n    int
	fail error
}

func newBook(w io.Writer) *book {
	f := excelize.NewFile()
	s, err := f.NewStreamWriter("Sheet1")
	return &book{w: w, f: f, s: s, fail: err}
}

func (b *book) row(cells []string) error {
	if b.fail != nil {
		return b.fail
	}
	b.n++
	values := make([]any, len(cells))
	for n, c := range cells {
		values[n] = printable(c)
	}
	cell, err := excelize.CoordinatesToCellName(1, b.n)
	if err != nil {
		return err
	}
	return b.s.SetRow(cell, values)
}

// printable drops what XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}

func (b *book) close() error {
	if b.fail != nil {
		return b.fail
	}
	if err := b.s.Flush(); err != nil {
		return err
	}
	if _, err := b.f.WriteTo(b.w); err != nil {
		return err
	}
	return b.f.Close()
}
