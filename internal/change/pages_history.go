package change

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/comment"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/timeline"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

// change is one changed field, ready to show.
type changed struct{ Label, Before, After string }

// shownFields are the fields whose changes the timeline shows, in this order.
var shownFields = []string{
	"state", "type", "on_hold", "hold_reason", "title", "window_from", "window_to", "items", "steps", "back", "rollback_trigger", "risk", "test_result", "approval", "reject_reason", "cancel_reason",
	"back_reason", "result", "result_note", "lessons", "glass_reason", "glass_until", "review_due_at", "implementer", "exception",
}

func (d Detail) changes(ctx context.Context, diff trail.Diff) []changed {
	var out []changed
	for _, f := range shownFields {
		if v, ok := diff[f]; ok {
			c := changed{ui.T(ctx, "change.field."+f), d.value(ctx, f, v[0]), d.value(ctx, f, v[1])}
			if c.Before != "" || c.After != "" {
				out = append(out, c)
			}
		}
	}
	return out
}

func (d Detail) value(ctx context.Context, field string, v any) string {
	s, isText := v.(string)
	if v == nil || isText && s == "" {
		return ""
	}
	switch field {
	case "state", "type", "risk", "test_result", "result":
		return ui.T(ctx, "change."+field+"."+s)
	case "on_hold":
		if v == true {
			return ui.T(ctx, "ui.yes")
		}
		return ui.T(ctx, "ui.no")
	case "items", "steps", "back":
		if l, ok := v.([]any); ok {
			return ui.T(ctx, "change.count", "n", len(l))
		}
	case "window_from", "window_to", "glass_until", "review_due_at":
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return strings.ReplaceAll(ui.Local(ctx, t), "T", " ")
		}
	case "implementer":
		if id, err := uuid.Parse(s); err == nil {
			return d.Person(&id, i18n.Lang(ctx))
		}
	case "approval":
		return ui.T(ctx, "change.approval_status."+s)
	}
	if isText {
		return ui.Cut(s, 160)
	}
	return fmt.Sprint(v)
}

// author is who wrote a note, named for the reader.
func (d Detail) author(ctx context.Context, c *comment.Comment) string {
	if n := d.Person(&c.AuthorID, i18n.Lang(ctx)); n != "" {
		return n
	}
	return c.AuthorName
}

// actor is who an act in the timeline is told of.
func (d Detail) actor(ctx context.Context, e *trail.Entry) string {
	return timeline.Doer(ctx, e, d.Person)
}

// noteText is the text of the composer: what a refused form held, else the
// draft.
func (p pageProps) noteText() string {
	if p.Form.Has("body") {
		return p.Form.Get("body")
	}
	return p.NoteDraft["body"]
}
