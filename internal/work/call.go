package work

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/platform/web"
)

// Asked is the context of a write that a request asks for: its idempotency key,
// and the version that If-Match names. An If-Match that names none is Malformed.
func Asked(r *http.Request) (context.Context, error) {
	match, err := web.IfMatch(r)
	return WithMatch(WithKey(r.Context(), web.Key(r)), match), err
}

// Act is the API call that does something to one thing, once for each
// idempotency key: which reads from the request what it is about, run does it
// with the body (In's zero value where there is none), answer writes what it
// came to.
func Act[In, T any](which func(*http.Request) (uuid.UUID, error), run func(context.Context, uuid.UUID, In) (T, error), answer func(http.ResponseWriter, *http.Request, T) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := which(r)
		if err != nil {
			return err
		}
		var in In
		if r.ContentLength != 0 {
			if err := web.Decode(r, &in); err != nil {
				return err
			}
		}
		ctx, err := Asked(r)
		if err != nil {
			return err
		}
		out, err := run(ctx, id, in)
		if err != nil {
			return err
		}
		return answer(w, r, out)
	}
}
