// Package attachment keeps the files people add to records: stored by content,
// checked by content, readable exactly by who may read the record (and, for
// files of internal notes, by who may write notes).
package attachment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // sizes only; pictures are never decoded
	_ "image/jpeg" // sizes only
	_ "image/png"  // sizes only
	"io"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/gabriel-vasile/mimetype"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/jobs"
	"opsdesk/internal/platform/storage"
	"opsdesk/internal/record"
	"opsdesk/internal/search"
	"opsdesk/internal/work"
)

// Limits of one upload.
const (
	MaxFiles  = 10
	maxPixels = 50_000_000
	looseFor  = 24 * time.Hour // how long an upload waits for its form
	maxLoose  = 40             // such uploads per person
)

// File is one attachment.
type File struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	RecordID  *uuid.UUID `db:"record_id" json:"-"`
	CommentID *uuid.UUID `db:"comment_id" json:"comment_id,omitempty"`
	Internal  bool       `db:"internal" json:"internal"`
	Name      string     `db:"name" json:"name"`
	Size      int64      `db:"size" json:"size"`
	MediaType string     `db:"media_type" json:"media_type"`
	SHA256    string     `db:"sha256" json:"sha256"`
	By        uuid.UUID  `db:"uploaded_by" json:"uploaded_by"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
}

// URL is where the file is read.
func (f File) URL() string { return "/attachments/" + f.ID.String() }

// Picture reports whether browsers show the file as a picture.
func (f File) Picture() bool { return pictures[f.MediaType] }

var pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

// allowed lists the types that are taken, by content. Programs are not; what a
// browser might run is only ever sent as a download.
var allowed = []string{
	"image/", "text/plain", "text/csv", "text/rtf", "text/xml", "application/pdf", "application/json", "application/zip", "application/gzip", "application/x-7z-compressed",
	"application/msword", "application/vnd.ms-", "application/vnd.openxmlformats", "application/vnd.oasis", "application/x-ole-storage",
	"message/rfc822", "audio/", "video/", "application/octet-stream", "text/html",
}

const columns = `id, record_id, comment_id, internal, name, size, media_type, sha256, uploaded_by, created_at`

// Service takes and gives out files.
type Service struct {
	desk  *work.Desk
	store *storage.Store
	max   int64
}

// Save stores one upload of the actor; it waits to be bound to a record.
func (s *Service) Save(ctx context.Context, name string, r io.Reader) (File, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return File{}, err
	}
	var loose int
	if err := s.desk.DB.QueryRow(ctx, `SELECT count(*) FROM attachments WHERE record_id IS NULL AND uploaded_by = @me`, db.Args{"me": who.ID}).Scan(&loose); err != nil {
		return File{}, db.Map(err)
	}
	if loose >= maxLoose {
		return File{}, fault.New(fault.TooMany, "attachment.error.too_many_waiting")
	}
	f := File{ID: work.NewID(), Name: CleanName(name), By: who.ID, CreatedAt: s.desk.Now()}
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return f, err
	}
	head = head[:n]
	if n == 0 {
		return f, fault.New(fault.Invalid, "attachment.error.empty", "name", f.Name)
	}
	if f.MediaType, err = check(head, f.Name); err != nil {
		return f, err
	}
	body := io.MultiReader(bytes.NewReader(head), r)
	if f.MediaType == "image/jpeg" {
		body = stripped(body)
	}
	f.SHA256, f.Size, err = s.store.Put(body, s.max, f.ID.String())
	if err != nil {
		if fault.Is(err, fault.TooLarge) {
			return f, fault.New(fault.TooLarge, "attachment.error.too_large", "name", f.Name, "limit", s.max>>20)
		}
		return f, err
	}
	return f, s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO attachments (id, name, size, media_type, sha256, uploaded_by, created_at) VALUES (@id, @name, @size, @type, @sum, @by, @now)`,
			db.Args{"id": f.ID, "name": f.Name, "size": f.Size, "type": f.MediaType, "sum": f.SHA256, "by": f.By, "now": f.CreatedAt})
		return err
	})
}

// check tells the type by content and refuses programs and picture bombs.
func check(head []byte, name string) (string, error) {
	t, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	ok := false
	for _, a := range allowed {
		ok = ok || strings.HasPrefix(t, a)
	}
	if !ok {
		return t, fault.New(fault.Unsupported, "attachment.error.type", "name", name, "type", t)
	}
	if strings.HasPrefix(t, "image/") {
		if cfg, _, err := image.DecodeConfig(bytes.NewReader(head)); err == nil && cfg.Width*cfg.Height > maxPixels {
			return t, fault.New(fault.TooLarge, "attachment.error.pixels", "name", name)
		}
	}
	return t, nil
}

// CleanName makes a file name safe to store and show: no folders, no control
// or direction characters, at most 200 characters.
func CleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "_"), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`<>:"|?*`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimSpace(name), ".")
	if r := []rune(name); len(r) > 200 {
		ext := []rune(path.Ext(name))
		if len(ext) > 12 {
			ext = nil
		}
		name = string(r[:200-len(ext)]) + string(ext)
	}
	if name == "" {
		return "file"
	}
	return name
}

// BindOptions say what the files belong to.
type BindOptions struct {
	CommentID uuid.UUID
	Internal  bool
}

// Bind gives uploads of the actor to a record within the use case that sends
// the form. An upload that is not theirs, or is bound already, is refused.
func Bind(ctx context.Context, u *work.Unit, ref record.Ref, ids []uuid.UUID, o BindOptions) error {
	if len(ids) == 0 {
		return nil
	}
	var comment *uuid.UUID
	if o.CommentID != uuid.Nil {
		comment = &o.CommentID
	}
	rows, _ := u.Tx.Query(ctx, `UPDATE attachments SET record_id = @record, comment_id = @comment, internal = @internal, bound_at = @now
		WHERE id = ANY(@ids) AND record_id IS NULL AND uploaded_by = @me RETURNING name`,
		db.Args{"record": ref.ID, "comment": comment, "internal": o.Internal, "now": u.Now, "ids": ids, "me": u.Actor.ID})
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(names) != len(ids) {
		return fault.OnField("attachment_ids", "attachment.error.gone")
	}
	search.Say(&u.Batch, ref.ID, strings.Join(names, "\n"), o.Internal)
	u.Note("attachments", nil, names)
	return nil
}

// Index queues the names of the files on some records for the search index.
func Index(ctx context.Context, q db.Querier, b *pgx.Batch, ids []uuid.UUID) error {
	rows, _ := q.Query(ctx, `SELECT record_id, name, internal FROM attachments WHERE record_id = ANY(@ids)`, db.Args{"ids": ids})
	var id uuid.UUID
	var name string
	var internal bool
	_, err := pgx.ForEachRow(rows, []any{&id, &name, &internal}, func() error {
		search.Say(b, id, name, internal)
		return nil
	})
	return err
}

// List lists the files of a record, oldest first, at most 500; those of
// internal notes only where internal is true. Access to the record is the
// caller's to check.
func List(ctx context.Context, q db.Querier, id uuid.UUID, internal bool) ([]File, error) {
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM attachments WHERE record_id = @id AND (NOT internal OR @internal) ORDER BY created_at, id LIMIT 500`,
		db.Args{"id": id, "internal": internal})
	return pgx.CollectRows(rows, pgx.RowToStructByName[File])
}

// Any asks whether a record has files, internal ones only if so asked.
func Any(id uuid.UUID, internal bool, to *bool) db.Part {
	return db.Part{SQL: `EXISTS (SELECT 1 FROM attachments WHERE record_id = @id AND (NOT internal OR @internal))`, Args: db.Args{"id": id, "internal": internal}, To: to}
}

// Sent lists those among some uploads that a form may show as sent: the
// person's own that are not bound yet, and those of the record that is being
// edited, if any.
func Sent(ctx context.Context, q db.Querier, ids []uuid.UUID, person uuid.UUID, record *uuid.UUID) ([]File, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, _ := q.Query(ctx, `SELECT `+columns+` FROM attachments WHERE id = ANY(@ids) AND (record_id IS NULL AND uploaded_by = @person OR record_id = @record::uuid) LIMIT 500`,
		db.Args{"ids": ids, "person": person, "record": record})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[File])
	return out, db.Map(err)
}

// find returns a file that the actor may read: of a record they see, or their
// own upload that is not bound yet. Anything else does not exist.
func (s *Service) find(ctx context.Context, id uuid.UUID) (File, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return File{}, err
	}
	rows, _ := s.desk.DB.Query(ctx, `SELECT `+columns+` FROM attachments WHERE id = @id`, db.Args{"id": id})
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[File])
	if err != nil {
		return f, db.Map(err)
	}
	if f.RecordID == nil {
		if f.By != who.ID {
			return f, fault.New(fault.NotFound, "error.not_found")
		}
		return f, nil
	}
	var kind record.Kind
	if err := s.desk.DB.QueryRow(ctx, `SELECT kind FROM records WHERE id = @id`, db.Args{"id": *f.RecordID}).Scan(&kind); err != nil {
		return f, db.Map(err)
	}
	_, facts, err := s.desk.See(ctx, record.Ref{Kind: kind, ID: *f.RecordID})
	if err != nil {
		return f, err
	}
	if f.Internal && !s.desk.Matrix.Decide(who, "ticket.note_internal", &facts).Allowed {
		return f, fault.New(fault.NotFound, "error.not_found")
	}
	return f, nil
}

// prune forgets uploads whose form was never sent, and their content unless
// another attachment has the same.
func (s *Service) prune(ctx context.Context, _ json.RawMessage, _ jobs.Run) error {
	var sums []string
	err := s.desk.DB.InTx(ctx, func(tx db.Tx) error {
		rows, _ := tx.Query(ctx, `DELETE FROM attachments WHERE id IN (SELECT id FROM attachments WHERE record_id IS NULL AND created_at < @before LIMIT 1000) RETURNING sha256`,
			db.Args{"before": s.desk.Now().Add(-looseFor)})
		var err error
		sums, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return err
	}
	for _, sum := range sums {
		var used bool
		if err := s.desk.DB.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM attachments WHERE sha256 = @sum)`, db.Args{"sum": sum}).Scan(&used); err != nil {
			return err
		}
		if !used {
			if err := s.store.Remove(sum); err != nil {
				return fmt.Errorf("remove %s: %w", sum, err)
			}
		}
	}
	return nil
}
