package importer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ulikunitz/xz"

	"opsdesk/internal/incident"
)

// Open returns the text of a file, unpacking xz by its first bytes.
func Open(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 32<<10)
	head, err := b.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}) {
		return xz.NewReader(b)
	}
	return b, nil
}

// ServiceNowLog imports an incident event log as ServiceNow's audit exports it
// (UCI data set 498): one row for each change of an incident, with all fields
// as they stood after it; "?" is an unknown value, dates are d/m/yyyy HH:MM.
func (im *Importer) ServiceNowLog(ctx context.Context, r io.Reader, zone *time.Location, o Options) (Result, error) {
	text, err := Open(r)
	if err != nil {
		return Result{}, err
	}
	src, err := newServiceNow(text, zone)
	if err != nil {
		return Result{}, err
	}
	return im.run(ctx, src, o)
}

type servicenow struct {
	csv    *csv.Reader
	column map[string]int
	zone   *time.Location
	row    int
	ahead  []string // first row of the next incident
}

var needed = []string{
	"number", "incident_state", "sys_mod_count", "caller_id", "opened_by", "opened_at", "sys_updated_by", "sys_updated_at", "contact_type", "location",
	"category", "subcategory", "u_symptom", "impact", "urgency", "priority", "assignment_group", "assigned_to", "closed_code", "resolved_by",
}

func newServiceNow(r io.Reader, zone *time.Location) (*servicenow, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = false
	c.FieldsPerRecord = -1
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("the first row must name the columns: %w", err)
	}
	s := &servicenow{csv: c, column: map[string]int{}, zone: zone, row: 1}
	for i, name := range head {
		s.column[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	var missing []string
	for _, n := range needed {
		if _, ok := s.column[n]; !ok {
			missing = append(missing, n)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the file has no columns %s: is it a ServiceNow incident log?", strings.Join(missing, ", "))
	}
	return s, nil
}

func (s *servicenow) Name() string { return "servicenow" }

// get is a field; "?" is no value.
func (s *servicenow) get(row []string, name string) string {
	i := s.column[name]
	if i >= len(row) {
		return ""
	}
	v := strings.TrimSpace(row[i])
	if v == "?" {
		return ""
	}
	return strings.Join(strings.Fields(v), " ")
}

func (s *servicenow) read() ([]string, error) {
	if s.ahead != nil {
		r := s.ahead
		s.ahead = nil
		return r, nil
	}
	row, err := s.csv.Read()
	s.row++
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		return nil, RowError{s.row, "row", pe.Err.Error()}
	}
	return row, err
}

// Next reads all rows of one incident, which follow each other.
func (s *servicenow) Next() (raw, error) {
	row, err := s.read()
	if err != nil {
		return raw{}, err
	}
	key := s.get(row, "number")
	at := s.row
	if key == "" {
		return raw{}, RowError{at, "number", "is empty"}
	}
	var rows [][]string
	var numbers []int
	for {
		rows, numbers = append(rows, row), append(numbers, s.row)
		row, err = s.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return raw{}, err
		}
		if s.get(row, "number") != key {
			s.ahead = row
			break
		}
	}
	return s.incident(key, rows, numbers)
}

func (s *servicenow) incident(key string, rows [][]string, numbers []int) (raw, error) {
	f := rows[0]
	opened, err := date("2/1/2006 15:04", s.get(f, "opened_at"), s.zone)
	if err != nil {
		return raw{}, RowError{numbers[0], "opened_at", fmt.Sprintf("%q is not a date such as 29/2/2016 01:16", s.get(f, "opened_at"))}
	}
	what := or(s.get(f, "u_symptom"), "Symptom not recorded")
	place := join(" / ", s.get(f, "category"), s.get(f, "subcategory"))
	r := raw{
		History: incident.History{
			Source: s.Name(), Key: key, Title: join(", ", what, place), Channel: "import", Location: s.get(f, "location"), OpenedAt: opened.UTC(),
			Description: join("\n", what, place, contact(s.get(f, "contact_type")), "Source: ServiceNow "+key),
		},
		Requester: named(or(s.get(f, "caller_id"), "Caller unknown")), OpenedBy: named(or(s.get(f, "opened_by"), "Opened by unknown")),
	}
	last := opened
	for n, row := range rows {
		e, err := s.event(row, numbers[n])
		if err != nil {
			return raw{}, err
		}
		// The log is in order, its clock sometimes is not.
		if e.At.Before(last) {
			e.At = last.UTC()
		}
		last = e.At
		r.Events = append(r.Events, e)
	}
	return r, nil
}

func (s *servicenow) event(row []string, number int) (rawEvent, error) {
	at, err := date("2/1/2006 15:04", s.get(row, "sys_updated_at"), s.zone)
	if err != nil {
		return rawEvent{}, RowError{number, "sys_updated_at", fmt.Sprintf("%q is not a date such as 29/2/2016 01:23", s.get(row, "sys_updated_at"))}
	}
	e := rawEvent{By: named(s.get(row, "sys_updated_by")), Assignee: named(s.get(row, "assigned_to")), Team: teamRef(named(s.get(row, "assignment_group")))}
	e.Category = categoryRef{s.get(row, "category"), s.get(row, "subcategory")}
	if e.Category.Parent == "" {
		e.Category = categoryRef{}
	}
	e.Row, e.At, e.Seq, e.SourceName = number, at.UTC(), s.get(row, "sys_mod_count"), s.get(row, "incident_state")
	e.State, e.Reason = state(e.SourceName)
	e.Impact, e.Urgency, e.Priority = digit(s.get(row, "impact"), 3), digit(s.get(row, "urgency"), 3), digit(s.get(row, "priority"), 4)
	code := s.get(row, "closed_code")
	e.Resolution = incident.Resolution{
		Code:    "other",
		Cause:   or(s.get(row, "u_symptom"), "Not recorded in the source (来源未记录)"),
		Process: join(", ", "Closed with "+or(code, "no code"), s.get(row, "resolved_by")),
	}
	return e, nil
}

// state is the counterpart of a ServiceNow state; "" where there is none.
func state(name string) (incident.State, incident.PendingReason) {
	switch name {
	case "New":
		return incident.New, ""
	case "Active":
		return incident.InProgress, ""
	case "Awaiting User Info", "Awaiting Evidence":
		return incident.Pending, incident.OnUser
	case "Awaiting Vendor":
		return incident.Pending, incident.OnVendor
	case "Awaiting Problem":
		return incident.Pending, incident.OnProblem
	case "Resolved":
		return incident.Resolved, ""
	case "Closed":
		return incident.Closed, ""
	}
	return "", ""
}

func digit(s string, most int) int {
	if len(s) == 0 || s[0] < '1' || int(s[0]-'0') > most {
		return 0
	}
	return int(s[0] - '0')
}

func named(s string) personRef { return personRef{s, s} }

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func join(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}

func contact(s string) string {
	if s == "" {
		return ""
	}
	return "Contact: " + s
}
