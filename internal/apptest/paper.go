package apptest

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/approval"
	"opsdesk/internal/authz"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/work"
)

// Paper is a kind of record that exists in tests only: something that people
// approve, and nothing else.
type Paper struct {
	ID           uuid.UUID  `db:"id"`
	Version      int        `db:"version"`
	Number       string     `db:"number"`
	Title        string     `db:"title" audit:"title"`
	Plan         string     `db:"plan" audit:"plan"`
	State        string     `db:"state" audit:"state"`
	Confidential bool       `db:"confidential"`
	RequesterID  uuid.UUID  `db:"requester_id"`
	Implementer  *uuid.UUID `db:"implementer_id" audit:"implementer"`
	DepartmentID *uuid.UUID `db:"department_id"`
	ServiceID    *uuid.UUID `db:"service_id"`
	CreatedAt    time.Time  `db:"created_at"`
	UpdatedAt    time.Time  `db:"updated_at"`
}

const kindPaper record.Kind = "paper"

// Ref, CurrentVersion, Touch and Entry make it a record.
func (p Paper) Ref() record.Ref      { return record.Ref{Kind: kindPaper, ID: p.ID} }
func (p Paper) CurrentVersion() int  { return p.Version }
func (p *Paper) Touch(now time.Time) { p.Version++; p.UpdatedAt = now }
func (p Paper) Entry() record.Entry {
	cat := record.Active
	if p.State == "approved" {
		cat = record.Resolved
	}
	return record.Entry{
		ID: p.ID, Kind: kindPaper, Number: p.Number, Title: p.Title, State: p.State, Category: cat, Priority: 3, RequesterID: &p.RequesterID, CreatedBy: p.RequesterID,
		DepartmentID: p.DepartmentID, ServiceID: p.ServiceID, Confidential: p.Confidential, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

// Papers are the use cases of papers on a desk.
type Papers struct {
	desk      *work.Desk
	Approvals *approval.Service
	Outcomes  []approval.Outcome
	n         int
}

const paperColumns = `id, version, number, title, plan, state, confidential, requester_id, implementer_id, department_id, service_id, created_at, updated_at`

// NewPapers makes the table and registers the kind.
func (d *Desk) NewPapers() *Papers {
	d.tb.Helper()
	s := &Papers{desk: d.Desk, Approvals: d.Approvals}
	d.Desk.Policies.Add(authz.Policies{"paper.create": "ticket.create", "paper.edit": "ticket.reopen", "paper.decide": "request.approve", "paper.read": "ticket.read"})
	err := d.Pool.InTx(d.tb.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(d.tb.Context(), `CREATE TABLE papers (id uuid PRIMARY KEY, version int NOT NULL, number text NOT NULL, title text NOT NULL, plan text NOT NULL, state text NOT NULL,
			confidential boolean NOT NULL, requester_id uuid NOT NULL, implementer_id uuid, department_id uuid, service_id uuid, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL)`)
		return err
	})
	if err == nil {
		err = d.Desk.Kinds.Register(record.Spec{Kind: kindPaper, Path: "/papers", Read: "ticket.read"})
	}
	if err != nil {
		d.tb.Fatal(err)
	}
	d.Approvals.For(kindPaper, s)
	return s
}

func (p Paper) args() db.Args {
	return db.Args{
		"id": p.ID, "version": p.Version, "number": p.Number, "title": p.Title, "plan": p.Plan, "state": p.State, "confidential": p.Confidential,
		"requester_id": p.RequesterID, "implementer_id": p.Implementer, "department_id": p.DepartmentID, "service_id": p.ServiceID,
		"created_at": p.CreatedAt, "updated_at": p.UpdatedAt,
	}
}

// Insert, Update and ForUpdate make Papers a store of package work.
func (s *Papers) Insert(b *pgx.Batch, p *Paper) {
	b.Queue(`INSERT INTO papers (`+paperColumns+`) VALUES (@id, @version, @number, @title, @plan, @state, @confidential, @requester_id, @implementer_id, @department_id, @service_id, @created_at, @updated_at)`, p.args())
}

func (s *Papers) Update(b *pgx.Batch, p *Paper) {
	b.Queue(`UPDATE papers SET version = @version, number = @number, title = @title, plan = @plan, state = @state, confidential = @confidential, requester_id = @requester_id,
		implementer_id = @implementer_id, department_id = @department_id, service_id = @service_id, created_at = @created_at, updated_at = @updated_at WHERE id = @id`, p.args())
}

func (s *Papers) ForUpdate(ctx context.Context, tx db.Tx, id uuid.UUID) (Paper, error) {
	return s.read(ctx, tx, id, " FOR UPDATE")
}

func (s *Papers) read(ctx context.Context, q db.Querier, id uuid.UUID, lock string) (Paper, error) {
	rows, _ := q.Query(ctx, `SELECT `+paperColumns+` FROM papers WHERE id = @id`+lock, db.Args{"id": id})
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Paper])
	return p, db.Map(err)
}

// Get reads a paper, whoever asks.
func (s *Papers) Get(ctx context.Context, id uuid.UUID) (Paper, error) {
	return s.read(ctx, s.desk.DB, id, "")
}

// Create makes a paper of the actor and asks for its approval.
func (s *Papers) Create(ctx context.Context, p Paper, spec approval.Spec) (Paper, error) {
	return work.Create(ctx, s.desk, s, "paper.create", struct{}{}, func(u *work.Unit) (Paper, error) {
		s.n++
		p.ID, p.Version, p.State, p.RequesterID, p.CreatedAt, p.UpdatedAt = u.ID(), 1, "asked", u.Actor.ID, u.Now, u.Now
		p.Number = "PAP" + time.Unix(int64(s.n), 0).UTC().Format("000405")
		if p.DepartmentID == nil && u.Actor.Department != uuid.Nil {
			p.DepartmentID = &u.Actor.Department
		}
		u.AfterRegister(func() error {
			_, err := s.Approvals.Open(ctx, u, s.content(ctx, p), spec)
			return err
		})
		return p, nil
	})
}

// Edit changes the plan; spec nil keeps the steps. tell is whether the approval
// hears of it, as it should.
func (s *Papers) Edit(ctx context.Context, id uuid.UUID, plan string, tell bool) error {
	return s.change(ctx, id, func(u *work.Unit, p *Paper) error {
		p.Plan = plan
		if !tell {
			return nil
		}
		_, err := s.Approvals.Changed(ctx, u, s.content(ctx, *p), nil)
		return err
	})
}

// Pause and Resume hold the approval and release it.
func (s *Papers) Pause(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, id, func(u *work.Unit, p *Paper) error { return s.Approvals.Hold(ctx, u, p.Ref(), "waits") })
}

func (s *Papers) Resume(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, id, func(u *work.Unit, p *Paper) error { return s.Approvals.Release(ctx, u, s.content(ctx, *p)) })
}

// Withdraw takes the paper back.
func (s *Papers) Withdraw(ctx context.Context, id uuid.UUID) error {
	return s.change(ctx, id, func(u *work.Unit, p *Paper) error {
		p.State = "withdrawn"
		return s.Approvals.Withdraw(ctx, u, p.Ref(), "not needed")
	})
}

// Employ names who will do the work.
func (s *Papers) Employ(ctx context.Context, id, person uuid.UUID) error {
	return s.change(ctx, id, func(_ *work.Unit, p *Paper) error { p.Implementer = &person; return nil })
}

func (s *Papers) change(ctx context.Context, id uuid.UUID, fn func(*work.Unit, *Paper) error) error {
	_, err := work.Update(ctx, s.desk, s, "paper.edit", id, 0, struct{}{}, fn)
	return err
}

// Lock, Content and Decided are what approvals need to know of papers.
func (s *Papers) Lock(ctx context.Context, tx db.Tx, id uuid.UUID) error {
	_, err := s.ForUpdate(ctx, tx, id)
	return err
}

func (s *Papers) Content(ctx context.Context, q db.Querier, id uuid.UUID) (approval.Content, error) {
	p, err := s.read(ctx, q, id, "")
	return s.content(ctx, p), err
}

func (s *Papers) content(ctx context.Context, p Paper) approval.Content {
	c := approval.Content{Entry: p.Entry(), Fields: map[string]any{"title": p.Title, "plan": p.Plan}}
	if p.Implementer != nil {
		c.Involved = []uuid.UUID{*p.Implementer}
	}
	c.Card = approval.Card{
		Title: p.Title, Lines: []string{p.Plan},
		Facts:     []approval.Fact{{Label: i18n.Pick(ctx, "影响", "Impact"), Value: i18n.Pick(ctx, "全公司", "Everybody")}, {Label: i18n.Pick(ctx, "风险", "Risk"), Value: i18n.Pick(ctx, "中", "Medium"), Colour: "amber"}},
		Conflicts: []string{i18n.Pick(ctx, "与月末结账同一晚", "The same night as month-end closing")},
	}
	return c
}

func (s *Papers) Decided(ctx context.Context, u *work.Unit, o approval.Outcome) error {
	s.Outcomes = append(s.Outcomes, o)
	_, err := work.Apply(ctx, u, s, "paper.decide", o.Ref.ID, 0, struct{}{}, func(_ *work.Unit, p *Paper) error {
		p.State = string(o.Status)
		return nil
	})
	return err
}
