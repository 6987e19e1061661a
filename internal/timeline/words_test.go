package timeline_test

import (
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/timeline"
	"opsdesk/internal/trail"
	"opsdesk/internal/ui"
)

// TestWords: what a diff says of levels, and whom it is told of.
func TestWords(t *testing.T) {
	t.Parallel()
	texts := i18n.New()
	if err := texts.Add(ui.Messages); err != nil {
		t.Fatal(err)
	}
	ctx := texts.With(t.Context(), i18n.English)
	for _, c := range []struct {
		v    any
		want string
	}{{nil, ""}, {0.0, ""}, {5.0, ""}, {"2", ""}, {1.0, "P1 Critical"}, {4.0, "P4 Low"}} {
		if got := timeline.Priority(ctx, c.v); got != c.want {
			t.Errorf("priority %v is %q", c.v, got)
		}
	}
	if got := timeline.Level(ctx, "ui.priority.", 3, 4.0); got != "" {
		t.Errorf("the fourth of three is %q", got)
	}
	ann, bo, sla := uuid.New(), uuid.New(), identity.NewSystem("sla")
	known := func(id *uuid.UUID, _ string) string {
		if id != nil && *id == ann {
			return "Ann"
		}
		return ""
	}
	for _, c := range []struct {
		e    trail.Entry
		want string
	}{
		{trail.Entry{ActorID: bo, ActorName: "Bo"}, "Bo"},
		{trail.Entry{ActorID: ann, ActorName: "Ann Old"}, "Ann"},
		{trail.Entry{ActorID: bo, ActorName: "Bo", BehalfID: &ann}, "Ann"},
		{trail.Entry{ActorID: sla.ID, ActorName: sla.Name}, ui.T(ctx, "ui.product")},
		{trail.Entry{ActorID: bo, ActorName: "sla"}, "sla"},
	} {
		if got := timeline.Doer(ctx, &c.e, known); got != c.want {
			t.Errorf("%+v is told of %q", c.e, got)
		}
	}
}
