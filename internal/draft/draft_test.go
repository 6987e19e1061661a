package draft

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

// TestOthersAreFoundByWhatTheyTypeOn: those who typed lately under the same
// beginning of a key, not oneself, by the index of keys.
func TestOthersAreFoundByWhatTheyTypeOn(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	now := time.Now()
	me, other, late := uuid.New(), uuid.New(), uuid.New()
	for _, x := range []struct {
		who uuid.UUID
		key string
		at  time.Time
	}{{me, "a:1:x", now}, {other, "a:1:y", now}, {other, "a:2:y", now}, {late, "a:1:z", now.Add(-time.Hour)}} {
		if err := Save(t.Context(), pool, x.who, x.key, Fields{"k": "v"}, x.at); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Others(t.Context(), pool, me, "a:1:", now.Add(-time.Minute))
	if err != nil || !slices.Equal(got, []uuid.UUID{other}) {
		t.Errorf("%v %v", got, err)
	}
	if err := Drop(t.Context(), pool, other, "a:1:y"); err != nil {
		t.Fatal(err)
	}
	if got, err = Others(t.Context(), pool, me, "a:1:", now.Add(-time.Minute)); err != nil || len(got) > 0 {
		t.Errorf("after it was dropped: %v %v", got, err)
	}
	plans := dbtest.Plans(t, pool, "seqscan")
	if plan := plans.Of(othersSQL, db.Args{"prefix": "a:1:%", "person": me, "since": now}); !strings.Contains(plan, "drafts_key_idx") {
		t.Errorf("it does not use its index:\n%s", plan)
	}
}
