package people

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/presence"
	"opsdesk/internal/work"
)

// ActionVIP is marking a person whose tickets deserve haste.
const ActionVIP authz.Action = "person.mark_vip"

// VIPInput marks a person, or takes the mark away.
type VIPInput struct {
	Version int  `json:"version"`
	VIP     bool `json:"vip"`
}

// MarkVIP says whether a person is a VIP: engineers see it on their tickets, and
// rules can ask for it.
func (s *Service) MarkVIP(ctx context.Context, id uuid.UUID, in VIPInput) (Person, error) {
	return work.Update(ctx, s.desk, s.persons, ActionVIP, id, in.Version, in, func(_ *work.Unit, p *Person) error {
		p.VIP = in.VIP
		return nil
	})
}

// away says which of the people found are away now.
func (s *Service) away(ctx context.Context, found []identity.Person) (map[uuid.UUID]presence.Away, error) {
	ids := make([]uuid.UUID, len(found))
	for n, p := range found {
		ids[n] = p.ID
	}
	return presence.AwayOf(ctx, s.desk.DB, ids, s.desk.Now())
}
