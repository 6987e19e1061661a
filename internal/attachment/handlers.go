package attachment

import (
	"embed"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/storage"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

//go:embed messages/*.json
var messages embed.FS

// Options say where files go and how large one may be.
type Options struct {
	Store *storage.Store
	Max   int64 // bytes per file
}

// Mount adds uploads and downloads.
func Mount(d *work.Desk, rt web.Router, o Options) (*Service, error) {
	s := &Service{desk: d, store: o.Store, max: o.Max}
	rt.Post("/attachments", s.upload)
	rt.Get("/attachments/{id}", s.download)
	rt.API(http.MethodPost, "/api/v1/attachments", web.Op{
		ID: "uploadAttachment", Tag: "attachments", Summary: "Upload one file as the request body; give its name in ?name=. Bind it by its id when creating or replying.",
		Query: struct {
			Name string `query:"name"`
		}{}, Out: File{}, Status: http.StatusCreated, RawIn: true,
	}, s.apiUpload)
	rt.API(http.MethodGet, "/api/v1/attachments/{id}", web.Op{
		ID: "downloadAttachment", Tag: "attachments", Summary: "The content of an attachment", ContentType: "application/octet-stream",
	}, s.download)
	if err := d.Registry.Every("attachment.prune", time.Hour, time.Minute, s.prune); err != nil {
		return nil, err
	}
	return s, d.Messages.Add(messages)
}

// Limit is the largest request with files, in bytes. A larger one is refused
// before its body is read.
func (s *Service) Limit() int64 { return s.max*2 + web.MaxBody }

func (s *Service) refuse(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength > s.Limit() {
		w.Header().Set("Connection", "close")
		return fault.New(fault.TooLarge, "attachment.error.too_large", "name", "", "limit", s.max>>20)
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.Limit())
	return nil
}

// ReadForm reads a form with files without keeping it in memory: files are
// stored as they arrive and their ids join the field attachment_ids. It leaves
// the fields where web.Decode finds them, also when a file is refused, so that
// nothing typed is lost. For any other form it does nothing.
func (s *Service) ReadForm(w http.ResponseWriter, r *http.Request) error {
	ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if ct != "multipart/form-data" {
		return nil
	}
	if _, err := identity.From(r.Context()); err != nil {
		return err
	}
	if err := s.refuse(w, r); err != nil {
		return err
	}
	mr, err := r.MultipartReader()
	if err != nil {
		return fault.Wrap(fault.Malformed, "error.bad_form", err)
	}
	form := url.Values{}
	r.MultipartForm, r.Form, r.PostForm = &multipart.Form{Value: form}, form, form
	var refused error
	total, files := 0, 0
	for {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return refused
		}
		if err != nil {
			return bodyFault(err)
		}
		if part.FileName() == "" {
			b, err := io.ReadAll(io.LimitReader(part, web.MaxBody+1))
			if err != nil {
				return bodyFault(err)
			}
			if total += len(b); total > web.MaxBody {
				return fault.New(fault.TooLarge, "error.too_large")
			}
			form.Add(part.FormName(), string(b))
			continue
		}
		if files++; files > MaxFiles {
			return fault.OnField("attachment_ids", "attachment.error.too_many", strconv.Itoa(MaxFiles))
		}
		f, err := s.Save(r.Context(), part.FileName(), part)
		if err != nil {
			if k := fault.Of(err).Kind; k != fault.TooLarge && k != fault.Unsupported && k != fault.Invalid && k != fault.TooMany {
				return err
			}
			refused = err
			continue
		}
		field := "attachment_ids"
		if part.FormName() != "files" {
			field = part.FormName() // a field of its own, which keeps ids of files
		}
		form.Add(field, f.ID.String())
	}
}

func bodyFault(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return fault.Wrap(fault.TooLarge, "error.too_large", err)
	}
	return fault.Wrap(fault.Malformed, "error.bad_form", err)
}

// upload answers desk.js with the stored files.
func (s *Service) upload(w http.ResponseWriter, r *http.Request) error {
	if err := s.ReadForm(w, r); err != nil {
		return err
	}
	if r.MultipartForm == nil {
		return fault.New(fault.Unsupported, "error.unsupported_media")
	}
	out := []File{}
	for _, id := range r.Form["attachment_ids"] {
		u, err := uuid.Parse(id)
		if err != nil {
			return fault.OnField("attachment_ids", "validation.uuid")
		}
		f, err := s.find(r.Context(), u)
		if err != nil {
			return err
		}
		out = append(out, f)
	}
	return web.JSON(w, http.StatusCreated, out)
}

func (s *Service) apiUpload(w http.ResponseWriter, r *http.Request) error {
	if _, err := identity.From(r.Context()); err != nil {
		return err
	}
	if err := s.refuse(w, r); err != nil {
		return err
	}
	f, err := s.Save(r.Context(), r.URL.Query().Get("name"), r.Body)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, f)
}

// download sends a file so that no browser runs it: never as a page, and only
// pictures inline.
func (s *Service) download(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	f, err := s.find(r.Context(), id)
	if err != nil {
		return err
	}
	file, err := s.store.Open(f.SHA256)
	if err != nil {
		return err
	}
	defer file.Close()
	disposition := "attachment"
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if f.Picture() && r.URL.Query().Has("inline") {
		disposition = "inline"
		h.Set("Content-Type", f.MediaType)
	}
	h.Set("Content-Disposition", disposition+`; filename="`+ascii(f.Name)+`"; filename*=UTF-8''`+url.PathEscape(f.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("ETag", `"`+f.SHA256[:32]+`"`)
	http.ServeContent(w, r, "", f.CreatedAt, file)
	return nil
}

// ascii is the fall-back file name for clients that know no RFC 6266.
func ascii(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\;%`, r) {
			return '_'
		}
		return r
	}, name)
}
