package notify

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
)

// TestUnreadAboutARecordIsLookedUp: that somebody has thousands unread does not
// make each ticket's page dearer for them.
func TestUnreadAboutARecordIsLookedUp(t *testing.T) {
	t.Parallel()
	plans := dbtest.Plans(t, dbtest.New(t), "seqscan", "bitmapscan")
	n := 0
	sql, args, err := db.Question(repository{}.unreadAbout(uuid.New(), uuid.New(), &n))
	if err != nil {
		t.Fatal(err)
	}
	plan := plans.Of(sql, args)
	if at, _, ok := strings.Cut(plan, "Filter:"); ok || !strings.Contains(at, "notifications_unread_idx") || !strings.Contains(at, "(record_id = ") {
		t.Errorf("the record is not looked up:\n%s", plan)
	}
}
