package inspection

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/draft"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Start begins an inspection: from now on it keeps the checklist and the items
// that its plan has now.
func (s *Service) Start(ctx context.Context, id uuid.UUID, in StepInput) (Inspection, error) {
	begin, err := s.beginning(ctx, id)
	if err != nil {
		return Inspection{}, err
	}
	return s.update(ctx, ActionStart, id, in.Version, in, func(u *work.Unit, i *Inspection) error { return begin(u, i) })
}

// beginning looks up what the plan says before anything is locked, and returns
// what begins the inspection.
func (s *Service) beginning(ctx context.Context, id uuid.UUID) (func(*work.Unit, *Inspection) error, error) {
	i, _, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if i.State != Planned { // and it never is again
		return func(u *work.Unit, i *Inspection) error { return i.start(u.Actor.ID, u.Now) }, nil
	}
	p, err := plans{}.get(ctx, s.desk.DB, i.PlanID)
	if err != nil {
		return nil, err
	}
	items, err := s.itemsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	return func(u *work.Unit, i *Inspection) error {
		if i.State == Planned && p.State == Active && p.Version >= i.PlanVersion {
			person := i.PersonID
			p.follow(i, items)
			i.PersonID = person
		}
		return i.start(u.Actor.ID, u.Now)
	}, nil
}

// ReadingInput is one reading; one without a value takes back what was noted.
type ReadingInput struct {
	Point   string   `json:"point" validate:"required,line,max=40"`
	Verdict Verdict  `json:"verdict" validate:"omitempty,oneof=ok not_ok na"`
	Number  *float64 `json:"number"`
	Text    string   `json:"text" validate:"omitempty,text,max=2000"`
	Note    string   `json:"note" validate:"omitempty,text,max=2000"`
}

// RecordInput is what was read at one item; what it does not name stays.
type RecordInput struct {
	Version     int            `json:"version"`
	ItemID      uuid.UUID      `json:"item_id" validate:"required"`
	Readings    []ReadingInput `json:"readings" validate:"max=40,dive"`
	Attachments []uuid.UUID    `json:"attachment_ids" validate:"max=10"`
}

// Record notes readings of one item, as many as there are already; the first
// begins the inspection. Of two people who note another value at the same point
// at once the second is shown both.
func (s *Service) Record(ctx context.Context, id uuid.UUID, in RecordInput) (Inspection, error) {
	begin, err := s.beginning(ctx, id)
	if err != nil {
		return Inspection{}, err
	}
	return s.update(ctx, ActionRecord, id, in.Version, in, func(u *work.Unit, i *Inspection) error {
		if i.State == Planned {
			if err := begin(u, i); err != nil {
				return err
			}
		}
		if i.State != InProgress {
			return i.notNow()
		}
		if !slices.Contains(i.Items, in.ItemID) {
			return fault.OnField("item_id", "inspection.error.not_of_it")
		}
		f := fault.New(fault.Invalid, "error.invalid")
		for _, x := range in.Readings {
			r := Reading{Verdict: x.Verdict, Number: x.Number, Text: strings.TrimSpace(x.Text), Note: strings.TrimSpace(x.Note)}
			if code := i.note(in.ItemID, x.Point, r, u.Actor.ID, u.Now); code != "" {
				f.Fields = append(f.Fields, fault.Field{Name: "p." + x.Point, Code: code})
			}
		}
		if len(f.Fields) > 0 {
			return f
		}
		draft.Clear(u, draftKey(i.ID, in.ItemID))
		if len(in.Attachments) == 0 {
			return nil
		}
		i.Files = maps.Clone(i.Files)
		if i.Files == nil {
			i.Files = map[string][]uuid.UUID{}
		}
		at := in.ItemID.String()
		i.Files[at] = append(slices.Clone(i.Files[at]), in.Attachments...)
		return attachment.Bind(ctx, u, i.Ref(), in.Attachments, attachment.BindOptions{})
	})
}

func draftKey(id, item uuid.UUID) string { return "inspection:" + id.String() + ":" + item.String() }

// FinishInput ends an inspection.
type FinishInput struct {
	Version int    `json:"version"`
	Remark  string `json:"remark" validate:"omitempty,text,max=5000"`
}

// Finish ends an inspection. Its readings are facts from then on; their digest
// stands in the trail.
func (s *Service) Finish(ctx context.Context, id uuid.UUID, in FinishInput) (Inspection, error) {
	return s.update(ctx, ActionFinish, id, in.Version, in, func(u *work.Unit, i *Inspection) error {
		raised, err := s.repo.raised(ctx, u.Tx, i.ID)
		if err != nil {
			return err
		}
		if err := i.finish(strings.TrimSpace(in.Remark), has(raised), u.Actor.ID, u.Now); err != nil {
			return err
		}
		u.Note("readings_sha256", nil, i.digest())
		u.Note("findings", nil, i.Findings)
		u.Emit("inspection.finished", i.RequesterID)
		return nil
	})
}

func has(raised map[string]uuid.UUID) map[string]bool {
	out := map[string]bool{}
	for k := range raised {
		out[k] = true
	}
	return out
}

// digest names all that was read.
func (i Inspection) digest() string {
	b, _ := json.Marshal(i.Readings) // plain values always encode, keys in order
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Cancel calls an inspection off, with the reason.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID, in ReasonInput) (Inspection, error) {
	return s.update(ctx, ActionCancel, id, in.Version, in, func(u *work.Unit, i *Inspection) error {
		u.Emit("inspection.cancelled", people(i.PersonID, &i.RequesterID)...)
		return i.cancel(in.Reason, u.Now)
	})
}

// RaiseInput names the finding that becomes an incident.
type RaiseInput struct {
	Version int       `json:"version"`
	ItemID  uuid.UUID `json:"item_id" validate:"required"`
	Point   string    `json:"point" validate:"required,line,max=40"`
}

// Raise opens an incident for a finding, about the item and linked to the
// inspection. Asked again it is the same incident.
func (s *Service) Raise(ctx context.Context, id uuid.UUID, in RaiseInput) (Inspection, record.Ref, error) {
	var ref record.Ref
	var out Inspection
	names, err := s.names(ctx, s.desk.DB, []uuid.UUID{in.ItemID})
	if err != nil {
		return out, ref, err
	}
	err = s.desk.Do(ctx, func(u *work.Unit) error {
		var raise *Incident
		out, err = work.Apply(ctx, u, s.repo, ActionRaise, id, 0, in, func(u *work.Unit, i *Inspection) error {
			p, _ := i.Point(in.Point)
			r, ok := i.Reading(in.ItemID, in.Point)
			if !ok || !r.Finding {
				return fault.New(fault.Conflict, "inspection.error.no_finding")
			}
			raised, err := s.repo.raised(ctx, u.Tx, i.ID)
			if err != nil {
				return err
			}
			if incident, ok := raised[ReadingKey(in.ItemID, in.Point)]; ok {
				ref = record.Ref{Kind: "incident", ID: incident}
				return nil
			}
			x := report(s.desk.Messages.In(i18n.Chinese), *i, p, r, names[in.ItemID])
			x.ItemID, x.From = in.ItemID, i.Ref()
			raise = &x
			u.Note("raised", nil, x.Title)
			return nil
		})
		if err != nil || raise == nil {
			return err
		}
		if err := u.Flush(ctx); err != nil {
			return err
		}
		if ref, err = s.Incidents.OpenIn(ctx, u, *raise); err != nil {
			return err
		}
		s.repo.raise(&u.Batch, id, in.ItemID, in.Point, ref.ID, u.Actor.ID, u.Now)
		return nil
	})
	if err == nil && ref.ID == uuid.Nil { // a repeated key: what its first use made
		var raised map[string]uuid.UUID
		raised, err = s.repo.raised(ctx, s.desk.DB, id)
		ref = record.Ref{Kind: "incident", ID: raised[ReadingKey(in.ItemID, in.Point)]}
	}
	return out, ref, s.desk.Noted(ctx, ActionRaise, record.Ref{Kind: Kind, ID: id}, db.Map(err))
}

// report is a finding as it is told to those who mend it.
func report(m *i18n.Messages, i Inspection, p Point, r Reading, item record.Summary) Incident {
	text := []string{
		m.T("inspection.report.from", "number", i.Label(), "name", i.NameZh),
		m.T("inspection.report.item", "number", item.Number, "name", item.Title),
		m.T("inspection.report.point", "point", p.Zh, "value", valueText(m, p, r)),
	}
	if b := boundsText(m, p); b != "" {
		text = append(text, m.T("inspection.report.bounds", "bounds", b))
	}
	if r.Note != "" {
		text = append(text, r.Note)
	}
	title := []rune(m.T("inspection.report.title", "item", item.Title, "point", p.Zh, "value", valueText(m, p, r)))
	return Incident{Title: string(title[:min(len(title), 200)]), Text: strings.Join(text, "\n"), TeamID: i.TeamID, ServiceID: i.ServiceID}
}
