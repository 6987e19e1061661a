package configuration

import (
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

// TestCampaignPlans: however many campaigns there were, a page of one, of one in
// a state, and what is asked of a person come from the index of each.
func TestCampaignPlans(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	fill(t, pool, 2000)
	var campaign, person uuid.UUID
	err := pool.InTx(t.Context(), func(tx db.Tx) error {
		for _, sql := range []string{
			`INSERT INTO ci_campaigns (id, name_zh, name_en, ask, scope, due_at, state, ended_at, ended_by, made_by, made_name, created_at, updated_at)
				SELECT gen_random_uuid(), 'c', '', '', '{}', now(), 'open', NULL, NULL, p.id, '', now() - n * interval '1 day', now() FROM generate_series(1, 40) n, (SELECT id FROM people LIMIT 1) p`,
			`INSERT INTO ci_campaign_items (campaign_id, item_id, number, asked_id, answer, note, answered_by, answered_at, updated_at)
				SELECT c.id, i.id, i.number, p.id, a, a, CASE WHEN a <> '' THEN p.id END, CASE WHEN a <> '' THEN now() END, now()
				FROM ci_campaigns c, (SELECT id, number, row_number() OVER () AS n FROM ci_items) i JOIN (SELECT id, row_number() OVER () AS n, count(*) OVER () AS all FROM people) p ON p.n = 1 + i.n % p.all,
					LATERAL (SELECT CASE WHEN i.n % 10 = 0 THEN 'missing' WHEN i.n % 2 = 0 THEN 'same' ELSE '' END AS a) x`,
			`UPDATE ci_campaigns SET state = 'closed', ended_at = now(), ended_by = made_by WHERE created_at < now() - interval '2 days'`,
			`ANALYZE ci_campaigns, ci_campaign_items`,
		} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		return tx.QueryRow(t.Context(), `SELECT id, made_by FROM ci_campaigns WHERE state = 'open' LIMIT 1`).Scan(&campaign, &person)
	})
	if err != nil {
		t.Fatal(err)
	}
	v := record.Visible(authz.ReadScope{All: true}, identity.Actor{ID: person}, time.Now())
	q := &planned{Querier: pool, t: t}
	for want, ask := range map[string]func() error{
		"ci_campaign_items_number_idx": func() error { _, err := repository{}.askRows(t.Context(), q, v, campaign, "", 500, 51); return err },
		"ci_campaign_items_state_idx": func() error {
			_, err := repository{}.askRows(t.Context(), q, v, campaign, AskMissing, 500, 51)
			return err
		},
		"ci_campaign_items_asked_idx": func() error { _, err := repository{}.asksOf(t.Context(), q, person, 200); return err },
	} {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(q.plan, want) || strings.Contains(q.plan, "Seq Scan on ci_campaign_items") {
			t.Errorf("want %s:\n%s", want, q.plan)
		}
	}
}
