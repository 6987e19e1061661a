package incident

import (
	"context"
	"encoding/json"
	"io"
	"sort"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/sheet"
	"opsdesk/internal/routing"
)

// trialKind is the long work that asks the rules about what has been.
const trialKind = "incident.routing_trial"

// The bounds of a dry run.
const (
	trialDays = 30
	trialMax  = 20000
	trialPage = 500
	trialRows = 200 // differences that its page shows
)

// TrialInput names the rules to try; nil means those that the page shows: the
// draft, or the version in force.
type TrialInput struct {
	SetID *uuid.UUID `json:"set_id"`
}

// trialJob is what the batch keeps.
type trialJob struct {
	SetID uuid.UUID `json:"set_id"`
	Since time.Time `json:"since"`
}

// Trial is what a dry run found.
type Trial struct {
	SetID   uuid.UUID   `json:"set_id"`
	Number  int         `json:"number"` // of the version; 0 for a draft
	Since   time.Time   `json:"since"`
	Seen    int         `json:"seen"`
	Routed  int         `json:"routed"`
	Same    int         `json:"same"`    // would have gone where they are
	Differ  int         `json:"differ"`  // would have gone elsewhere
	Raised  int         `json:"raised"`  // would have had a higher priority
	Limited bool        `json:"limited"` // there were more than a dry run looks at
	Rules   []TrialRule `json:"rules"`
	Flows   []TrialFlow `json:"flows"`
	Rows    []TrialRow  `json:"rows"`
}

// TrialRule is how one rule fared.
type TrialRule struct {
	ID     uuid.UUID `json:"id"`
	Name   string    `json:"name"`
	Count  int       `json:"count"`
	Differ int       `json:"differ"`
}

// TrialFlow counts what would have gone from one team to another.
type TrialFlow struct {
	Is    *uuid.UUID `json:"is"`
	Would *uuid.UUID `json:"would"`
	Count int        `json:"count"`
}

// TrialRow is one incident that would have gone elsewhere.
type TrialRow struct {
	ID    uuid.UUID  `json:"id"`
	Label string     `json:"number"`
	Is    *uuid.UUID `json:"is"`
	Would *uuid.UUID `json:"would"`
	Rule  string     `json:"rule"`
}

// TryRules begins a dry run: what would the rules have done with the incidents
// of the last 30 days that the actor may see? Nothing is changed.
func (s *Service) TryRules(ctx context.Context, in TrialInput) (batch.Batch, error) {
	if _, err := s.desk.Permit(ctx, routing.ActionEdit); err != nil {
		return batch.Batch{}, err
	}
	set, err := s.rules.Find(ctx, in.SetID)
	if err != nil {
		return batch.Batch{}, err
	}
	since := s.desk.Now().AddDate(0, 0, -trialDays)
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return batch.Batch{}, err
	}
	n, err := s.repo.madeSince(ctx, s.desk.DB, v, since, trialMax)
	if err != nil {
		return batch.Batch{}, err
	}
	return s.batches.BeginFile(ctx, trialKind, trialJob{set.ID, since}, n, "routing-trial.csv")
}

// TrialOf returns a dry run of the actor and, once it is done, what it found.
func (s *Service) TrialOf(ctx context.Context, id uuid.UUID) (batch.Batch, *Trial, error) {
	b, err := s.batches.Get(ctx, id)
	if err != nil {
		return b, nil, err
	}
	if b.Kind != trialKind {
		return b, nil, fault.New(fault.NotFound, "error.not_found")
	}
	raw, err := s.rules.Trial(ctx, id)
	if err != nil || raw == nil {
		return b, nil, err
	}
	t := &Trial{}
	return b, t, json.Unmarshal(raw, t)
}

// tryRules does a dry run, as its owner. It reads in pages and reports after
// each, so that it can be cancelled and nothing waits for it.
func (s *Service) tryRules(ctx context.Context, b batch.Batch, w io.Writer, report func(done int) error) error {
	var in trialJob
	if err := json.Unmarshal(b.Input, &in); err != nil {
		return err
	}
	e, err := s.rules.Engine(ctx, in.SetID)
	if err != nil {
		return err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return err
	}
	tree, err := s.repo.trees(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	teams, err := identity.Teams(ctx, s.desk.DB)
	if err != nil {
		return err
	}
	names := map[uuid.UUID]string{}
	for _, t := range teams {
		names[t.ID] = t.NameZh + " / " + t.NameEn
	}
	out := sheet.CSV(w)
	if err := out.Row("number", "team", "would_be_team", "rule"); err != nil {
		return err
	}
	t := tally{Trial: Trial{SetID: in.SetID, Number: e.Number(), Since: in.Since}, rules: map[uuid.UUID]*TrialRule{}, flows: map[[2]uuid.UUID]int{}}
	var after *pastCursor
	for t.Seen < trialMax {
		page, err := s.repo.past(ctx, s.desk.DB, v, in.Since, after, trialPage)
		if err != nil {
			return err
		}
		for _, p := range page {
			o := e.Run(ctx, p.ReportedAt, p.facts(tree))
			if row := t.add(p, o); row != nil {
				if err := out.Row(p.label(), name(names, row.Is), name(names, row.Would), row.Rule); err != nil {
					return err
				}
			}
		}
		if err := report(t.Seen); err != nil {
			return err
		}
		if len(page) < trialPage {
			break
		}
		last := page[len(page)-1]
		after = &pastCursor{last.CreatedAt, last.ID}
	}
	t.Limited = t.Seen >= trialMax
	if err := out.Close(); err != nil {
		return err
	}
	return s.rules.KeepTrial(ctx, b.ID, in.SetID, t.done())
}

func name(names map[uuid.UUID]string, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return names[*id]
}

// tally counts what a dry run finds.
type tally struct {
	Trial
	rules map[uuid.UUID]*TrialRule
	flows map[[2]uuid.UUID]int
}

// add counts one incident and returns its row where it would have gone
// elsewhere.
func (t *tally) add(p past, o routing.Outcome) *TrialRow {
	t.Seen++
	if !o.Applied() {
		return nil
	}
	t.Routed++
	differs := o.Team != nil && (p.TeamID == nil || *p.TeamID != *o.Team)
	if o.Floor > 0 && o.Floor < p.Computed {
		t.Raised++
	}
	for _, x := range o.Steps {
		r := t.rules[x.RuleID]
		if r == nil {
			r = &TrialRule{ID: x.RuleID, Name: x.Rule}
			t.rules[x.RuleID] = r
		}
		r.Count++
		if differs {
			r.Differ++
		}
	}
	if !differs {
		if o.Team != nil {
			t.Same++
		}
		return nil
	}
	t.Differ++
	var is uuid.UUID
	if p.TeamID != nil {
		is = *p.TeamID
	}
	t.flows[[2]uuid.UUID{is, *o.Team}]++
	row := TrialRow{p.ID, p.label(), p.TeamID, o.Team, o.Rule()}
	if len(t.Rows) < trialRows {
		t.Rows = append(t.Rows, row)
	}
	return &row
}

// done puts the counts in order, the largest first.
func (t *tally) done() Trial {
	for _, r := range t.rules {
		t.Rules = append(t.Rules, *r)
	}
	sort.Slice(t.Rules, func(a, b int) bool {
		x, y := t.Rules[a], t.Rules[b]
		return x.Count > y.Count || x.Count == y.Count && x.Name < y.Name
	})
	for k, n := range t.flows {
		f := TrialFlow{Would: &k[1], Count: n}
		if k[0] != uuid.Nil {
			f.Is = &k[0]
		}
		t.Flows = append(t.Flows, f)
	}
	sort.Slice(t.Flows, func(a, b int) bool {
		x, y := t.Flows[a], t.Flows[b]
		return x.Count > y.Count || x.Count == y.Count && x.Would.String()+idText(x.Is) < y.Would.String()+idText(y.Is)
	})
	return t.Trial
}

// trialTitles are the titles of a dry run's incidents that the reader may see
// now: the result itself keeps none.
func (s *Service) trialTitles(ctx context.Context, t Trial) (map[uuid.UUID]string, error) {
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(t.Rows))
	for n, r := range t.Rows {
		ids[n] = r.ID
	}
	return s.repo.titles(ctx, s.desk.DB, v, ids)
}
