package record

import (
	"maps"
	"slices"
	"strings"

	"opsdesk/internal/platform/db"
)

// Across is the predicate for records of several kinds in one list: each kind
// under its own. All of them are for one reader at one instant, so that their
// arguments are the same.
func Across(kinds map[Kind]Visibility) Visibility {
	out := Visibility{args: db.Args{}, never: true}
	var arms []string
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		v := kinds[k]
		if v.never {
			continue
		}
		out.never = false
		arms = append(arms, "(r.kind = '"+strings.ReplaceAll(string(k), "'", "''")+"' AND "+v.cond+")")
		maps.Copy(out.args, v.args)
	}
	out.cond = "false"
	if len(arms) > 0 {
		out.cond = "(" + strings.Join(arms, " OR ") + ")"
	}
	return out
}
