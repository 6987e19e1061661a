package incident

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/dbtest"
	"opsdesk/internal/record"
)

// TestWhatIsThereIsLookedUp: what a ticket's page asks about an incident, in
// two statements, it finds by indexes; none reads a table.
func TestWhatIsThereIsLookedUp(t *testing.T) {
	t.Parallel()
	plans := dbtest.Plans(t, dbtest.New(t), "seqscan", "bitmapscan")
	id, person := uuid.New(), uuid.New()
	var x dossier
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: person}, time.Now())
	sql, args, err := db.Question(slices.Concat(new(around).asks(&Service{}, id, person, true), x.asks(&Service{}, id), []db.Part{v.EditionPart(id, new(record.Edition))})...)
	if err != nil {
		t.Fatal(err)
	}
	plan := plans.Of(sql, args)
	if strings.Contains(plan, "Seq Scan") {
		t.Errorf("a table is read:\n%s", plan)
	}
	for _, index := range []string{
		"incident_tasks_incident_idx", "attachments_record_idx", "record_links_pkey", "record_links_to_idx", "records_pkey", "incident_merges_target_idx", "drafts_pkey", "incidents_parent_idx",
	} {
		if !strings.Contains(plan, index) {
			t.Errorf("%s is not used:\n%s", index, plan)
		}
	}
}
