package change

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/ui"
)

// Get is the value of a field as it was typed, as the draft has it, or what it
// is now.
func (p planProps) Get(field, now string) string {
	if p.Form != nil {
		if p.Form.Has(field) {
			return p.Form.Get(field)
		}
		return now
	}
	if v, ok := p.Draft[field]; ok {
		return v
	}
	return now
}

// instant is a date of the form for its field.
func (p planProps) instant(ctx context.Context, field string, now *time.Time) string {
	v := p.Get(field, "")
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return ui.Local(ctx, t)
	}
	if v != "" || p.Form != nil && p.Form.Has(field) {
		return v
	}
	if now == nil {
		return ""
	}
	return ui.Local(ctx, *now)
}

// row is one row of a list of steps in the form.
type row struct {
	N                           int
	Title, Owner, Minutes, How  string
	GoNoGo                      bool
	TitleName, OwnerName, NName string
	HowName, GoName             string
}

// rows are the rows of a list of steps: those that are there, or were typed,
// and empty ones to fill in.
func (p planProps) rows(list string, now []Step) []row {
	n := max(len(now)+1, 3)
	if p.Type == Standard { // the template has them
		n = len(now)
	} else if p.Form != nil {
		n = max(rowsIn(p.Form, list), 1)
		if p.Form.Get("_rows") == list {
			n++
		}
	} else {
		for i := 1; i <= maxRows; i++ {
			if p.Draft[stepName(list, i, "title")] != "" {
				n = max(n, i)
			}
		}
	}
	var out []row
	for i := 1; i <= min(n, maxRows); i++ {
		var s Step
		if i <= len(now) && (p.Form == nil || p.Type == Standard) {
			s = now[i-1]
		}
		r := row{N: i, TitleName: stepName(list, i, "title"), OwnerName: stepName(list, i, "owner_id"), NName: stepName(list, i, "minutes"), HowName: stepName(list, i, "check"), GoName: stepName(list, i, "go_no_go")}
		minutes := ""
		if s.Minutes > 0 {
			minutes = strconv.Itoa(s.Minutes)
		}
		r.Title, r.Owner, r.Minutes, r.How = p.Get(r.TitleName, s.Title), p.Get(r.OwnerName, idText(s.OwnerID)), p.Get(r.NName, minutes), p.Get(r.HowName, s.Check)
		r.GoNoGo = s.GoNoGo
		if p.Form != nil && p.Type != Standard {
			r.GoNoGo = p.Form.Get(r.GoName) != ""
		}
		out = append(out, r)
	}
	return out
}

// items are those of the form: as typed, or as they are.
func (p planProps) items() []uuid.UUID {
	if p.Form == nil {
		return p.Items
	}
	var out []uuid.UUID
	for _, s := range p.Form["items"] {
		if id, err := uuid.Parse(s); err == nil {
			out = append(out, id)
		}
	}
	return out
}

func (p planProps) address() string {
	if p.New {
		return "/changes"
	}
	return address(p.Label(), "edit")
}

func (p planProps) draftKey() string {
	if p.New && p.TemplateID != nil {
		return "change:new:" + p.TemplateID.String()
	}
	if p.New {
		return "change:new"
	}
	return "change:" + p.ID.String()
}

func (p planProps) kind() Type { return Type(p.Get("type", string(p.Type))) }

// part is one section of the form, and whether it is complete.
type part struct {
	Key      string
	Complete bool
}

// parts are the sections with their completeness, as the record stands.
func parts(c Change) []part {
	out := []part{
		{"what", c.Title != "" && c.Content != "" && c.Reason != ""},
		{"effect", c.Effect != "" && (len(c.Items) > 0 || c.ServiceID != nil)},
		{"steps", stepsReady(c.Steps)},
		{"test", c.TestPlan != ""},
		{"rollback", c.RollbackReady()},
		{"when", c.windowReady() && c.fits()},
	}
	return out
}

func planTitle(ctx context.Context, p planProps) string {
	if p.New && p.Type == Standard {
		return ui.T(ctx, "change.new_standard")
	}
	if p.New {
		return ui.T(ctx, "change.new")
	}
	return ui.T(ctx, "change.act.edit")
}

func yesNo(ctx context.Context, yes bool) string {
	if yes {
		return ui.T(ctx, "ui.yes")
	}
	return ui.T(ctx, "ui.no")
}

// encoding is how the form of an act is sent: with files where it takes some.
func (p actProps) encoding() string {
	if p.Act == "test" {
		return "multipart/form-data"
	}
	return "application/x-www-form-urlencoded"
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func rowLabel(ctx context.Context, field string, n int) string {
	return ui.T(ctx, "change.step."+field) + " " + strconv.Itoa(n)
}

// evidenceLines lists the files of a test with what names their content.
func evidenceLines(list []Evidence) string {
	out := make([]string, len(list))
	for n, f := range list {
		out[n] = f.Name + " (SHA-256 " + f.SHA256 + ")"
	}
	return strings.Join(out, "\n")
}
