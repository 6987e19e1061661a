package change

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/attachment"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/work"
)

// Evidence is a file that a test left: what it was called and held then, whatever
// becomes of the file. It is a part of the plan that is approved.
type Evidence struct {
	ID     uuid.UUID `json:"id"`
	Name   string    `json:"name"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"`
}

// URL is where the file is read.
func (e Evidence) URL() string { return attachment.File{ID: e.ID}.URL() }

// Proven reports whether the test left evidence, in words or in files.
func (c Change) Proven() bool { return c.TestEvidence != "" || len(c.TestFiles) > 0 }

// evidence binds uploads of the actor to the change as evidence of a test. Files
// that are on the change already may be named again.
func (s *Service) evidence(ctx context.Context, u *work.Unit, c *Change, in TestInput) ([]Evidence, error) {
	ids := unique(in.Files)
	if len(ids) == 0 {
		if strings.TrimSpace(in.Evidence) == "" {
			return nil, fault.OnField("evidence", "change.error.no_evidence")
		}
		return nil, nil
	}
	files, err := attachment.Sent(ctx, u.Tx, ids, u.Actor.ID, &c.ID)
	if err != nil {
		return nil, err
	}
	var loose []uuid.UUID
	out := make([]Evidence, 0, len(files))
	for _, id := range ids {
		n := slices.IndexFunc(files, func(f attachment.File) bool { return f.ID == id })
		if n < 0 {
			return nil, fault.OnField("attachment_ids", "attachment.error.gone")
		}
		f := files[n]
		if f.RecordID == nil {
			loose = append(loose, id)
		}
		out = append(out, Evidence{f.ID, f.Name, f.Size, f.SHA256})
	}
	return out, attachment.Bind(ctx, u, c.Ref(), loose, attachment.BindOptions{})
}
