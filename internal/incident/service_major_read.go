package incident

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/validate"
	"opsdesk/internal/record"
	"opsdesk/internal/trail"
	"opsdesk/internal/work"
)

// majorConfigID names the settings of major incidents in the trail.
var majorConfigID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("opsdesk:setting:incident.major"))

// Room is all that the page of a major incident shows. Brief says that the
// reader is of the management that was told: they see how it stands and what
// was said, not the ticket.
type Room struct {
	Major
	Incident  Incident
	Announced *Announcement
	Lines     []Line // newest first; with the steps of the incident's life
	Review    *Review
	People    map[uuid.UUID]identity.Person
	Children  Family
	Voices    []Voice
	Now       time.Time
	Brief     bool
	can       map[authz.Action]bool
}

// Room reads a major incident. It exists for who sees the incident from the
// desk's side, and for the management that was told.
func (s *Service) Room(ctx context.Context, id uuid.UUID) (Room, error) {
	none := fault.New(fault.NotFound, "error.not_found")
	who, err := identity.From(ctx)
	if err != nil {
		return Room{}, err
	}
	m, err := s.repo.major(ctx, s.desk.DB, id)
	if err != nil {
		return Room{}, err
	}
	if m == nil {
		return Room{}, none
	}
	r := Room{Major: *m, Now: s.desk.Now(), can: make(map[authz.Action]bool, len(useCases)+1)}
	i, facts, err := s.Get(ctx, id)
	switch {
	case err == nil && s.insider(ctx):
		for act := range useCases {
			r.can[act] = s.desk.Can(ctx, act, &facts)
		}
	case (err == nil || fault.Is(err, fault.NotFound)) && slices.Contains(m.Management, who.ID):
		if i, err = s.repo.get(ctx, s.desk.DB, id); err != nil {
			return r, err
		}
		if i.Confidential {
			return r, none
		}
		r.Brief = true
	case err == nil:
		return r, none
	default:
		return r, err
	}
	r.Incident = i
	return r, s.furnish(ctx, &r)
}

// Can reports whether the reader may take an action here now.
func (r Room) Can(act authz.Action) bool { return r.can[act] }

func (s *Service) furnish(ctx context.Context, r *Room) (err error) {
	q, id := s.desk.DB, r.Incident.ID
	if r.Announced, err = s.repo.announcement(ctx, q, id); err != nil {
		return err
	}
	if r.Lines, err = s.repo.chronicle(ctx, q, id, false); err != nil {
		return err
	}
	if r.Review, err = s.repo.review(ctx, q, id); err != nil {
		return err
	}
	if r.Brief {
		r.Lines = slices.DeleteFunc(r.Lines, func(l Line) bool {
			return !l.Public && !slices.Contains([]string{"declared", "notice", "ended", "signed"}, l.Kind)
		})
		if r.Review != nil && r.Review.SignedAt == nil {
			r.Review = nil // a draft is not for management
		}
	} else {
		steps, err := s.steps(ctx, id)
		if err != nil {
			return err
		}
		r.Lines = append(r.Lines, steps...)
		sort.SliceStable(r.Lines, func(a, b int) bool { return r.Lines[a].At.After(r.Lines[b].At) })
		if r.Children, err = s.family(ctx, s.desk.DB, r.Incident); err != nil {
			return err
		}
		if r.Voices, err = s.repo.voices(ctx, q, id); err != nil {
			return err
		}
	}
	ids := append(r.roles(), people(r.ProposedBy, r.DeclaredBy, r.DeclinedBy, r.EndedBy, r.NoticeBy, r.Incident.AssigneeID)...)
	for _, l := range r.Lines {
		ids = append(ids, l.AuthorID)
	}
	if r.Review != nil {
		ids = append(ids, r.Review.people()...)
	}
	r.People, err = identity.People(ctx, q, ids...)
	return err
}

// steps are those of the incident's life, as lines of the timeline.
func (s *Service) steps(ctx context.Context, id uuid.UUID) ([]Line, error) {
	entries, err := trail.OfRecord(ctx, s.desk.DB, id, timelineLimit)
	if err != nil {
		return nil, db.Map(err)
	}
	var out []Line
	for _, e := range entries {
		diff, err := e.Changes()
		if err != nil {
			return nil, err
		}
		if v, ok := diff["state"]; ok {
			if state, ok := v[1].(string); ok {
				by := e.ActorID
				if e.BehalfID != nil {
					by = *e.BehalfID
				}
				out = append(out, Line{At: e.OccurredAt, Kind: "state", TextZh: state, AuthorID: by, AuthorName: e.ActorName})
			}
		}
	}
	return out, nil
}

// majorsPage is how many major incidents a page of their list has.
const majorsPage = 30

// Majors lists the major incidents that the actor may see: open, proposed,
// ended or all, the latest first.
func (s *Service) Majors(ctx context.Context, list, cursor string) (rows []MajorRow, next string, err error) {
	if !s.insider(ctx) {
		return nil, "", s.desk.Noted(ctx, ActionRead, record.Ref{Kind: Kind}, fault.New(fault.Forbidden, "error.forbidden"))
	}
	if list == "" {
		list = "open"
	}
	if _, ok := majorLists[list]; !ok {
		return nil, "", fault.OnField("list", "validation.oneof")
	}
	after, err := db.ParseCursor[Cursor](cursor)
	if err != nil {
		return nil, "", err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, "", err
	}
	if rows, err = s.repo.majors(ctx, s.desk.DB, v, list, after, majorsPage+1); err != nil || len(rows) <= majorsPage {
		return rows, "", err
	}
	rows = rows[:majorsPage]
	last := rows[majorsPage-1]
	return rows, db.Cursor(Cursor{At: last.BeganAt, ID: last.ID}), nil
}

// MajorSettings are the settings in force.
func (s *Service) MajorSettings(ctx context.Context) (MajorSettings, error) {
	return s.repo.majorSettings(ctx, s.desk.DB)
}

// SetMajorSettings changes the settings of major incidents.
func (s *Service) SetMajorSettings(ctx context.Context, in MajorSettings) error {
	if _, err := s.desk.Permit(ctx, ActionClassify); err != nil {
		return err
	}
	if err := validate.Struct(in); err != nil {
		return err
	}
	return s.desk.Do(ctx, func(u *work.Unit) error {
		before, err := s.repo.majorSettings(ctx, u.Tx)
		if err != nil {
			return err
		}
		s.repo.saveMajorSettings(&u.Batch, in, u.Actor.ID, u.Now)
		return u.Record(ctx, ActionClassify, record.Ref{Kind: KindConfig, ID: majorConfigID}, trail.Diff{"major": {before, in}})
	})
}
