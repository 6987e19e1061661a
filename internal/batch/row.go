package batch

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Row is one record of a batch. Before the batch has started, Code says why it
// would be refused.
type Row struct {
	N        int             `db:"n" json:"n"`
	RecordID uuid.UUID       `db:"record_id" json:"record_id"`
	Number   string          `db:"number" json:"number"`
	Outcome  string          `db:"outcome" json:"outcome"`
	Code     string          `db:"code" json:"code"`
	Args     Args            `db:"args" json:"args,omitempty"` // what Code speaks of
	Undo     json.RawMessage `db:"undo" json:"-"`
}

// Args are the values for the placeholders of a reason, by name.
type Args map[string]any

// pairs are the values as messages take them.
func (a Args) pairs() []any {
	out := make([]any, 0, 2*len(a))
	for name, v := range a {
		if n, ok := v.(float64); ok && n == math.Trunc(n) {
			v = int(n) // JSON knows no other numbers, the plural forms want whole ones
		}
		out = append(out, name, v)
	}
	return out
}

// Refuse notes why a row is, or would be, refused.
func (r *Row) Refuse(f *fault.Error) {
	r.Code, r.Args = Reason(f), nil
	if len(f.Args) > 0 {
		r.Args = Args{}
	}
	for i := 0; i+1 < len(f.Args); i += 2 {
		r.Args[fmt.Sprint(f.Args[i])] = f.Args[i+1]
	}
	if len(f.Fields) > 0 && f.Fields[0].Param != "" {
		r.Args = Args{"param": f.Fields[0].Param}
	}
}

// Reason is the message key of why a row was refused.
func Reason(f *fault.Error) string {
	if len(f.Fields) > 0 {
		return f.Fields[0].Code
	}
	return f.Code
}
