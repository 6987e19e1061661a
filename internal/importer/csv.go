package importer

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"opsdesk/internal/incident"
)

// Fields are what a column of a plain CSV file can be mapped to.
var Fields = []string{
	"key", "title", "description", "requester", "opened_at", "state", "pending_reason", "category", "subcategory", "team", "assignee", "impact", "urgency", "location",
	"resolution_code", "cause", "process", "resolved_at", "closed_at",
}

var required = []string{"key", "description", "requester", "opened_at"}

// Mapping says which column holds which field, and how dates and states are
// written.
type Mapping struct {
	Source  string            // name of the other system
	Columns map[string]string // field → column
	States  map[string]string // state as written → state of the desk
	Layout  string            // of dates, as Go writes them; "" is RFC 3339 or 2006-01-02 15:04
	Zone    *time.Location
}

// CSV imports a file with one incident per row.
func (im *Importer) CSV(ctx context.Context, r io.Reader, m Mapping, o Options) (Result, error) {
	text, err := Open(r)
	if err != nil {
		return Result{}, err
	}
	src, err := newFlat(text, m)
	if err != nil {
		return Result{}, err
	}
	return im.run(ctx, src, o)
}

type flat struct {
	csv    *csv.Reader
	m      Mapping
	column map[string]int // field → position
	row    int
}

func newFlat(r io.Reader, m Mapping) (*flat, error) {
	if m.Source == "" {
		return nil, errors.New("name the source system, such as --source otrs: it tells two imports apart")
	}
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("the first row must name the columns: %w", err)
	}
	at := map[string]int{}
	for i, h := range head {
		at[strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))] = i
	}
	f := &flat{csv: c, m: m, column: map[string]int{}, row: 1}
	var bad []error
	for field, col := range m.Columns {
		if !slices.Contains(Fields, field) {
			bad = append(bad, fmt.Errorf("there is no field %q; fields are %s", field, strings.Join(Fields, ", ")))
			continue
		}
		i, ok := at[col]
		if !ok {
			bad = append(bad, fmt.Errorf("the file has no column %q (for %s)", col, field))
			continue
		}
		f.column[field] = i
	}
	// A column that has a field's own name needs no mapping.
	for _, field := range Fields {
		if i, ok := at[field]; ok {
			if _, mapped := f.column[field]; !mapped {
				f.column[field] = i
			}
		}
	}
	for _, field := range required {
		if _, ok := f.column[field]; !ok {
			bad = append(bad, fmt.Errorf("no column is mapped to %s, which every incident needs: --map %s=COLUMN", field, field))
		}
	}
	return f, errors.Join(bad...)
}

func (f *flat) Name() string { return f.m.Source }

func (f *flat) get(row []string, field string) string {
	i, ok := f.column[field]
	if !ok || i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}

func (f *flat) time(row []string, field string) (time.Time, error) {
	s := f.get(row, field)
	layouts := []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}
	if f.m.Layout != "" {
		layouts = []string{f.m.Layout}
	}
	for _, l := range layouts {
		if t, err := date(l, s, f.m.Zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, RowError{f.row, field, fmt.Sprintf("%q is not a date like %s", s, layouts[0])}
}

// Next reads one row.
func (f *flat) Next() (raw, error) {
	row, err := f.csv.Read()
	f.row++
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		return raw{}, RowError{f.row, "row", pe.Err.Error()}
	}
	if err != nil {
		return raw{}, err
	}
	for _, field := range required {
		if f.get(row, field) == "" {
			return raw{}, RowError{f.row, field, "is empty"}
		}
	}
	opened, err := f.time(row, "opened_at")
	if err != nil {
		return raw{}, err
	}
	r := raw{
		History: incident.History{
			Source: f.m.Source, Key: f.get(row, "key"), Title: f.get(row, "title"), Description: f.get(row, "description"), Channel: "import",
			Location: f.get(row, "location"), OpenedAt: opened,
		},
		Requester: named(f.get(row, "requester")), OpenedBy: named(f.get(row, "requester")),
	}
	return r, f.events(row, &r)
}

// events are the report and, where the row says so, its end.
func (f *flat) events(row []string, r *raw) error {
	e := rawEvent{By: r.Requester, Assignee: named(f.get(row, "assignee")), Team: teamRef(named(f.get(row, "team"))), Category: categoryRef{f.get(row, "category"), f.get(row, "subcategory")}}
	if e.Category.Parent == "" {
		e.Category = categoryRef{}
	}
	e.Row, e.At, e.Seq, e.State, e.Impact, e.Urgency = f.row, r.History.OpenedAt, "0", incident.New, 2, 2
	for field, to := range map[string]*int{"impact": &e.Impact, "urgency": &e.Urgency} {
		s := f.get(row, field)
		if s == "" {
			continue
		}
		if *to = digit(s, 3); *to == 0 {
			return RowError{f.row, field, fmt.Sprintf("%q does not begin with 1, 2 or 3", s)}
		}
	}
	r.Events = []rawEvent{e}
	name := f.get(row, "state")
	if mapped, ok := f.m.States[name]; ok {
		name = mapped
	}
	if name == "" || name == string(incident.New) {
		return nil
	}
	if !slices.Contains(incident.States[:], incident.State(name)) {
		return RowError{f.row, "state", fmt.Sprintf("%q is no state; map it with --state %q=closed", name, name)}
	}
	return f.end(row, r, e, incident.State(name))
}

func (f *flat) end(row []string, r *raw, e rawEvent, to incident.State) error {
	e.By = e.Assignee
	e.Resolution = incident.Resolution{Code: or(f.get(row, "resolution_code"), "other"), Cause: f.get(row, "cause"), Process: f.get(row, "process")}
	if to == incident.Resolved || to == incident.Closed {
		for _, x := range [][2]string{{"cause", e.Resolution.Cause}, {"process", e.Resolution.Process}} {
			if x[1] == "" {
				return RowError{f.row, x[0], "is empty, and a resolved incident needs it"}
			}
		}
		if !slices.Contains(incident.ResolutionCodes[:], e.Resolution.Code) {
			return RowError{f.row, "resolution_code", fmt.Sprintf("%q is none of %s", e.Resolution.Code, strings.Join(incident.ResolutionCodes[:], ", "))}
		}
	}
	step := func(s incident.State, field string) error {
		if f.get(row, field) != "" {
			t, err := f.time(row, field)
			if err != nil {
				return err
			}
			e.At = t
		}
		e.State, e.Seq = s, strconv.Itoa(len(r.Events))
		r.Events = append(r.Events, e)
		return nil
	}
	switch to {
	case incident.Resolved:
		return step(incident.Resolved, "resolved_at")
	case incident.Closed:
		if err := step(incident.Resolved, "resolved_at"); err != nil {
			return err
		}
		return step(incident.Closed, "closed_at")
	case incident.Pending:
		if e.Reason = incident.PendingReason(or(f.get(row, "pending_reason"), string(incident.OnUser))); !slices.Contains(incident.PendingReasons[:], e.Reason) {
			return RowError{f.row, "pending_reason", fmt.Sprintf("%q is no reason", e.Reason)}
		}
	}
	return step(to, "")
}
