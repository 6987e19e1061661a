package incident

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
)

// TestSimilarLooksAtOpenIncidentsOnly: hints begin with the index of the newest
// open incidents and stop after so many, those of the requester by their index,
// so that they cost the same however
// many have closed.
func TestSimilarLooksAtOpenIncidentsOnly(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	plans := dbtest.Plans(t, pool, "seqscan")
	who := identity.Actor{ID: uuid.New(), Roles: []identity.Role{identity.Lead}, Teams: []uuid.UUID{uuid.New()}}
	l := looksLike{lexemes: search.Lexemes("三楼打印机卡纸", 14), since: time.Now().Add(-alikeSince), requester: uuid.New()}
	for name, scope := range map[string]authz.ReadScope{"all": {All: true}, "team": {Own: true, Teams: who.Teams}} {
		sql, args := alikeSQL(record.Visible(scope, who, time.Now()), l)
		plan := plans.Of(sql, args)
		if !strings.Contains(plan, "records_open_created_idx") || !strings.Contains(plan, "records_requester_idx") || !strings.Contains(plan, "search_docs_pkey") || strings.Contains(plan, "search_docs_terms_idx") {
			t.Errorf("%s: other than by the newest open incidents:\n%s", name, plan)
		}
	}
}
