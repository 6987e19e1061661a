package ui

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
)

func errorTitle(f *fault.Error) string {
	switch f.Kind {
	case fault.NotFound:
		return "ui.error.not_found"
	case fault.Forbidden:
		return "ui.error.forbidden"
	case fault.Unavailable:
		return "ui.error.unavailable"
	case fault.Conflict, fault.Stale:
		return "ui.error.conflict"
	case fault.Unauthenticated:
		return "ui.error.unauthenticated"
	case fault.Internal:
		return "ui.error.internal"
	}
	return "ui.error.invalid"
}

// searchIn is the list in which to look for what is not where an address says:
// of the same practice where the reader has it, else of tickets, else of their
// own; "" for who is not signed in.
func searchIn(ctx context.Context) string {
	s := From(ctx)
	switch {
	case !s.SignedIn:
		return ""
	case !s.Actor.Agent():
		return "/my"
	}
	for _, g := range s.Nav {
		for _, it := range g.Items {
			switch it.Href {
			case "/requests", "/changes", "/inspections", "/configuration":
				if strings.HasPrefix(s.Path, it.Href+"/") {
					return it.Href
				}
			}
		}
	}
	return "/incidents"
}

// signInURL leads back to the page that one was on.
func signInURL(ctx context.Context) string {
	if p := From(ctx).Path; p != "" && p != "/" {
		return "/sign-in?next=" + url.QueryEscape(p)
	}
	return "/sign-in"
}

// Option is one choice of a select or a group of radio cards.
type Option struct {
	Value, Label, Hint, Icon string
	Group                    string // of a select
}

// Field describes one form field and how it went.
type Field struct {
	Name, Label, Hint, Value, Type string
	Required                       bool
	Rows                           int
	Options                        []Option
	Placeholder                    string
	Auto                           string // autocomplete
	Mode                           string // inputmode
	Max                            int
	Low, High                      string // bounds of a number: what is outside looks so at once
	F                              *fault.Error
	// Live: a script decides whether the field is required (form.js).
	Live bool
}

func (f Field) err(ctx context.Context) string { return FieldError(ctx, f.F, f.Name) }

func (f Field) describedBy(ctx context.Context) string {
	s := ""
	if f.Hint != "" {
		s = f.Name + "-hint"
	}
	if f.err(ctx) != "" {
		s += " " + f.Name + "-error"
	}
	return s
}

func (f Field) maxLength() string {
	if f.Max == 0 {
		return "20000"
	}
	return fmt.Sprint(f.Max)
}

type statusLook struct{ colour, shape string }

var looks = map[string]statusLook{
	"new": {"ic-blue", "new"}, "accepted": {"ic-grey", "open"}, "in_progress": {"ic-blue", "prog"}, "pending": {"ic-amber", "pend"},
	"resolved": {"ic-green", "done"}, "closed": {"ic-grey", "done"}, "cancelled": {"ic-grey", "cancel"}, "merged": {"ic-grey", "cancel"},
}

// StateKey is the message that names a state of a kind of record. Those of
// incidents stand among the texts of all pages.
func StateKey(kind, state string) string {
	if kind == "incident" {
		return "ui.state." + state
	}
	return kind + ".state." + state
}

// lampOf is the state of an incident that looks like this one.
func lampOf(kind, state, category string) string {
	if kind == "incident" {
		return state
	}
	if category == "active" {
		return "in_progress"
	}
	return category
}

func barY(i int) string      { return []string{"9.5", "6", "2.5"}[i] }
func barHeight(i int) string { return []string{"4.5", "8", "11.5"}[i] }
func barX(i int) string      { return fmt.Sprintf("%.1f", 1.5+float64(i)*5) }

// NewKey is a fresh idempotency key for a form.
func NewKey() string { return uuid.NewString() }

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func pickerURL(agents bool) string {
	if agents {
		return "/people/pick?agents=1&q="
	}
	return "/people/pick?q="
}

// fieldLabel is a field's label with a colon, or "" where it has none.
func fieldLabel(ctx context.Context, name string, prefixes []string) string {
	m := i18n.From(ctx)
	if m == nil {
		return ""
	}
	for _, p := range prefixes {
		for _, k := range []string{p + name, p + strings.TrimSuffix(name, "_id")} {
			if m.Has(k) {
				return T(ctx, "ui.labelled", "label", m.T(k))
			}
		}
	}
	return ""
}
