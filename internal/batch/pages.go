package batch

import (
	"context"
	"fmt"
	"net/url"

	"opsdesk/internal/ui"
)

func stateColour(state string) string {
	return map[string]string{Done: "green", Failed: "red", Running: "blue", Queued: "blue", Draft: "amber", Cancelled: "grey"}[state]
}

func (p props) url(rest string) string { return "/jobs/" + p.ID.String() + rest }

func (p props) progressURL() string {
	if p.Problems {
		return p.url("/progress?problems=1")
	}
	return p.url("/progress")
}

func (p props) nextURL() string {
	q := url.Values{"after": {fmt.Sprint(p.Next)}}
	if p.Problems {
		q.Set("problems", "1")
	}
	return p.url("?" + q.Encode())
}

// wouldRefuse is how many rows a draft expects to be refused; its owner sees
// the count that was noted when it was made.
func (p props) wouldRefuse() int {
	if p.State == Draft {
		return p.Refused
	}
	return 0
}

// summary says how far the work is, in words.
func (p props) summary(ctx context.Context) string {
	switch {
	case p.State == Draft:
		return ui.T(ctx, "batch.preview", "would", p.Total-p.Refused, "refused", p.Refused)
	case p.Total == 0:
		return ui.T(ctx, "batch.so_far", "count", p.Done)
	case p.Ended():
		return ui.T(ctx, "batch.ended", "done", p.Succeeded, "refused", p.Refused)
	}
	return ui.T(ctx, "batch.of", "done", p.Done, "total", p.Total)
}
