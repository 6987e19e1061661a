package queue

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
	"opsdesk/internal/work"
)

// Source is a list in which the command palette finds records as well.
type Source struct {
	*Spec
	Note authz.Action // as in Options; words are looked for where it is set
}

// Source is this list for the palette.
func (q *Queue[R]) Source() Source { return Source{&q.Spec, q.Note} }

// Hit is a record that the palette shows.
type Hit struct {
	ID        uuid.UUID   `db:"id"`
	Kind      record.Kind `db:"kind"`
	Number    string      `db:"number"`
	Title     string      `db:"title"`
	TitleEn   string      `db:"title_en"`
	State     string      `db:"state"`
	CreatedAt time.Time   `db:"created_at"`
	Exact     bool        `db:"exact"` // it has the number that was typed
	spec      *Spec
}

// URL is the page of the record; Icon stands for its kind.
func (h Hit) URL() string  { return h.spec.Path + "/" + h.Number }
func (h Hit) Icon() string { return h.spec.Icon }

// recentWalk is among how many records of a kind words are looked for that many
// records have: the newest. To find the few of one kind that say what thousands
// of another do, every record of that kind would be read.
const recentWalk = 2000

// meant is what was typed, looked up once for all kinds.
type meant struct {
	words  search.Query
	people []uuid.UUID
	rare   bool
}

// Find looks records up in several lists at once, at most each of every kind:
// those that have the number first, then what says the words, the newest first.
// One statement asks all lists, each under the access predicate of its kind. A
// number that is written in full is meant alone. lists are those that have some,
// or may: of a word that many say only the newest are looked at.
func Find(ctx context.Context, d *work.Desk, q db.Querier, text string, each int, in ...Source) (found []Hit, lists []Source, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, nil, err
	}
	var arms []arm
	alone := false
	for _, s := range in {
		label, full := s.numbered(text)
		if label == "" {
			continue
		}
		alone = alone || full
		v, _, err := d.Visibility(ctx, s.Kind)
		if err != nil {
			return nil, nil, err
		}
		arms = s.add(arms, v, "r.number = @number", db.Args{"number": label}, 1, true)
	}
	part := map[record.Kind]bool{}
	if !alone {
		m, err := understand(ctx, q, text)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range in {
			v, _, err := d.Visibility(ctx, s.Kind)
			if err != nil {
				return nil, nil, err
			}
			arms = s.said(arms, m, scope(d, s.Note, who, v), each)
			part[s.Kind] = !m.rare && !m.words.Empty() && !v.Never()
		}
	}
	found, err = hits(ctx, q, arms)
	if err != nil {
		return nil, nil, err
	}
	found = pick(found, each, in)
	for _, h := range found {
		part[h.Kind] = true
	}
	for _, s := range in {
		if part[s.Kind] {
			lists = append(lists, s)
		}
	}
	return found, lists, nil
}

// Seen lists, of some numbers, the records that the actor may see now, in the
// order of the numbers.
func Seen(ctx context.Context, d *work.Desk, q db.Querier, numbers []string, in ...Source) ([]Hit, error) {
	var arms []arm
	for _, s := range in {
		v, _, err := d.Visibility(ctx, s.Kind)
		if err != nil {
			return nil, err
		}
		arms = s.add(arms, v, "r.number = ANY(@numbers)", db.Args{"numbers": numbers}, len(numbers), false)
	}
	found, err := hits(ctx, q, arms)
	slices.SortFunc(found, func(a, b Hit) int { return slices.Index(numbers, a.Number) - slices.Index(numbers, b.Number) })
	return found, err
}

// understand looks up what was typed.
func understand(ctx context.Context, q db.Querier, text string) (m meant, err error) {
	g, err := search.LoadGlossary(ctx, q)
	if err != nil {
		return m, err
	}
	if m.people, err = identity.Called(ctx, q, text); err != nil {
		return m, err
	}
	if m.words = search.Parse(text, g); m.words.Empty() {
		return m, nil
	}
	m.rare, err = search.Rare(ctx, q, m.words)
	return m, err
}

// arm is the part of the statement that asks one list.
type arm struct {
	spec *Spec
	sql  string
	args db.Args
}

// add asks a list for what a condition says, unless its reader sees nothing of
// it.
func (s Source) add(arms []arm, v record.Visibility, cond string, args db.Args, limit int, exact bool) []arm {
	if v.Never() {
		return arms
	}
	inner := v.SQL(`SELECT r.* FROM records r WHERE `+s.all()+` AND `+cond+` AND `, v.Few()+newestFirst)
	return s.arm(arms, inner, v.With(args), limit, exact)
}

// said asks a list for what says the words, and for what is of the people whom
// they name.
func (s Source) said(arms []arm, m meant, to search.Scope, each int) []arm {
	if len(m.people) > 0 {
		cond, args := to.Match(search.Query{}, m.people...)
		arms = s.add(arms, to.Read, cond, args, each, false)
	}
	to.Rare, to.Each = m.rare, !m.rare
	cond, args := to.Match(m.words)
	switch {
	case m.words.Empty() || to.Read.Never():
		return arms
	case m.rare:
		return s.add(arms, to.Read, cond, args, each, false)
	}
	args = to.Read.With(args)
	args["walk"] = recentWalk
	inner := to.Read.SQL(`SELECT r.* FROM (SELECT r.* FROM records r WHERE `+s.all()+` AND `, to.Read.Few()+newestFirst+` LIMIT @walk) r WHERE `+cond+newestFirst)
	return s.arm(arms, inner, args, each, false)
}

const newestFirst = ` ORDER BY r.created_at DESC, r.id DESC`

// all is the condition of everything in the list.
func (s *Spec) all() string {
	cond := "r.kind = '" + string(s.Kind) + "'"
	if v, ok := s.view("all"); ok && v.Where != "" {
		cond += " AND " + v.Where
	}
	return cond
}

func (s Source) arm(arms []arm, inner string, args db.Args, limit int, exact bool) []arm {
	title, joins := "''", ""
	if s.TitleEn != "" {
		title, joins = s.TitleEn, s.Joins
	}
	args = maps.Clone(args)
	args["limit"], args["exact"] = limit, exact
	return append(arms, arm{s.Spec, `(SELECT r.id, r.kind, r.number, r.title, ` + title + ` AS title_en, r.state, r.created_at, @exact::boolean AS exact FROM (` + inner + ` LIMIT @limit) r ` + joins + `)`, args})
}

var argument = regexp.MustCompile(`@(\w+)`)

// findSQL is the statement that asks several lists, and its arguments; tests
// look at its plan. Each part has arguments of its own, marked by its place.
func findSQL(arms []arm) (string, db.Args) {
	parts, args := make([]string, len(arms)), db.Args{}
	for n, a := range arms {
		mark := "_" + strconv.Itoa(n)
		parts[n] = argument.ReplaceAllString(a.sql, "@${1}"+mark)
		for name, v := range a.args {
			args[name+mark] = v
		}
	}
	return strings.Join(parts, " UNION ALL "), args
}

func hits(ctx context.Context, q db.Querier, arms []arm) ([]Hit, error) {
	if len(arms) == 0 {
		return nil, nil
	}
	sql, args := findSQL(arms)
	found, _ := q.Query(ctx, sql, plan, args)
	out, err := pgx.CollectRows(found, pgx.RowToStructByNameLax[Hit])
	for n := range out {
		out[n].spec = arms[slices.IndexFunc(arms, func(a arm) bool { return a.spec.Kind == out[n].Kind })].spec
	}
	return out, db.Map(err)
}

// pick puts what was found in order, each record once: what has the number,
// then kind by kind as they were asked, the newest of each.
func pick(found []Hit, each int, in []Source) []Hit {
	place := func(h Hit) int {
		if h.Exact {
			return -1
		}
		return slices.IndexFunc(in, func(s Source) bool { return s.Kind == h.Kind })
	}
	slices.SortStableFunc(found, func(a, b Hit) int {
		if p, q := place(a), place(b); p != q {
			return p - q
		}
		return b.CreatedAt.Compare(a.CreatedAt)
	})
	seen, of := map[uuid.UUID]bool{}, map[record.Kind]int{}
	return slices.DeleteFunc(found, func(h Hit) bool {
		if seen[h.ID] || of[h.Kind] == each {
			return true
		}
		seen[h.ID] = true
		of[h.Kind]++
		return false
	})
}
