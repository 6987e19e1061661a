package work

import (
	"context"
	"slices"

	"opsdesk/internal/identity"
	"opsdesk/internal/record"
)

// VisibilityAcross is the access predicate of the actor for records of every
// kind but those left out.
func (d *Desk) VisibilityAcross(ctx context.Context, without ...record.Kind) (record.Visibility, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return record.Visibility{}, err
	}
	kinds := map[record.Kind]record.Visibility{}
	for _, k := range d.Kinds.All() {
		if spec, _ := d.Kinds.Spec(k); !slices.Contains(without, k) {
			kinds[k] = record.Visible(d.Matrix.ReadScope(who, spec.Read), who, d.Now())
		}
	}
	return record.Across(kinds), nil
}
