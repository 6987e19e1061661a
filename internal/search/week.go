package search

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"opsdesk/internal/platform/db"
	"opsdesk/internal/record"
)

const week = 7 * 24 * time.Hour

// Week names the week in which a record of a kind last changed, as the database
// does (record_week): seven days each, counted from 1970-01-01 UTC.
func Week(kind record.Kind, at time.Time) string { return label(kind, number(at)) }

func label(kind record.Kind, n int64) string { return string(kind) + ":" + strconv.FormatInt(n, 10) }

func number(at time.Time) int64 {
	const seconds = int64(week / time.Second)
	n := at.Unix() / seconds
	if at.Unix()%seconds < 0 {
		n--
	}
	return n
}

// spans are how many weeks a question may reach back, one after the other,
// before it asks for all.
var spans = [...]int{2, 8, 32, 128}

// back lists the weeks up to a span before an instant. They begin a week after
// it: clocks of two desks differ.
func back(kind record.Kind, at time.Time, span int) []string {
	newest := number(at) + 1
	out := make([]string, 0, span+1)
	for n := range span + 1 {
		out = append(out, label(kind, newest-int64(n)))
	}
	return out
}

// Newest asks for a page of the records with some words that changed last, at
// or before an instant: in the newest weeks first, and further back until the
// page has as many rows as it is meant to, or everything was asked (nil). What
// a span has is newer than whatever else there is, so a page that is full needs
// not ask for the next. Where to begin is what the planner expects of the words,
// so that a rare one is asked for once.
func Newest[R any](ctx context.Context, q db.Querier, words Query, kind record.Kind, at time.Time, full int, ask func(weeks []string) ([]R, error)) ([]R, error) {
	each, err := perWeek(ctx, q, words, kind, at)
	if err != nil {
		return nil, err
	}
	for _, span := range spans {
		if each*float64(span) < float64(2*full) {
			continue
		}
		rows, err := ask(back(kind, at, span))
		if err != nil || len(rows) >= full {
			return rows, err
		}
	}
	return ask(nil)
}

// Common reports whether so many open records have some words that a page of
// them is found sooner by looking at open records one after the other, in the
// order of the list, than by fetching all that have the words and sorting them.
func Common(ctx context.Context, q db.Querier, words Query, page int) (bool, error) {
	rows, err := expected(ctx, q, `SELECT 1 FROM search_docs d WHERE d.open AND d.terms @@ @words::text::tsquery UNION ALL SELECT 1 FROM search_docs d WHERE d.open`, db.Args{"words": words.loose})
	if err != nil || len(rows) != 3 {
		return false, err
	}
	have, open := rows[1], rows[2]
	// The one way looks at a page's worth of open records for each that has the
	// words, the other at all that have them.
	return have > 0 && float64(page)*open/have < have, nil
}

// rare is how many records have words that few have, at most.
const rare = 2000

// Rare reports whether few records have some words: those are fetched by the
// index, whatever the planner expects. Of a column that is empty in nearly all
// records, as notes are, it expects too many, and would read the whole list to
// find nobody.
func Rare(ctx context.Context, q db.Querier, words Query) (bool, error) {
	rows, err := expected(ctx, q, `SELECT FROM search_docs d WHERE d.terms @@ @words::text::tsquery`, db.Args{"words": words.loose})
	return len(rows) > 0 && rows[0] < rare, err
}

// perWeek is how many records with some words the planner expects in a week of
// the last few months.
func perWeek(ctx context.Context, q db.Querier, words Query, kind record.Kind, at time.Time) (float64, error) {
	const months = 16
	rows, err := expected(ctx, q, `SELECT FROM search_docs d WHERE d.week && @weeks::text[] AND d.terms @@ @words::text::tsquery`, db.Args{"weeks": back(kind, at, months), "words": words.loose})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0] / months, nil
}

// expected is how many rows the planner expects of a statement, and of each of
// the parts that it is put together of.
func expected(ctx context.Context, q db.Querier, sql string, args db.Args) ([]float64, error) {
	var raw []byte
	if err := q.QueryRow(ctx, `EXPLAIN (FORMAT JSON) `+sql, pgx.QueryExecModeCacheDescribe, args).Scan(&raw); err != nil {
		return nil, db.Map(err)
	}
	type part struct {
		Rows float64 `json:"Plan Rows"`
	}
	var plan []struct {
		Plan struct {
			part
			Type  string `json:"Node Type"`
			Plans []part
		}
	}
	if err := json.Unmarshal(raw, &plan); err != nil || len(plan) == 0 {
		return nil, err
	}
	out := []float64{plan[0].Plan.Rows}
	if plan[0].Plan.Type == "Append" {
		for _, p := range plan[0].Plan.Plans {
			out = append(out, p.Rows)
		}
	}
	return out, nil
}
