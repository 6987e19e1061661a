package configuration

import (
	"io"
	"net/http"

	"github.com/google/uuid"

	"opsdesk/internal/batch"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

type (
	beginQuery struct {
		Source   string `query:"source" description:"whose file it is: files of one source speak of the same things"`
		Class    string `query:"class" description:"of a table: key or id of the class of what it lists"`
		Complete bool   `query:"complete" description:"the file has all that the source knows: what is missing is marked"`
		FileName string `query:"file_name"`
	}
	importOut struct {
		Import
		// Counts are the rows by what they would do, once the columns are mapped.
		Counts map[string]int `json:"counts"`
	}
	importsOut struct {
		Items []Import `json:"items"`
	}
	importRowsQuery struct {
		Action string `query:"action" enum:"add,change,relate,review,failed,skip" description:"only rows that would do this"`
		After  int    `query:"after" description:"rows after this one"`
		Limit  int    `query:"limit" description:"1 to 500; 50 unless given"`
	}
	importRowsOut struct {
		Items []ImportRow `json:"items"`
	}
	startInput struct {
		Version int `json:"version"`
	}
	tokensOut struct {
		Items []Token `json:"items"`
	}
	newTokenOut struct {
		Token
		Secret string `json:"secret"` // only here
	}
)

func (m mount) imports(rt web.Router) {
	a, op := m.a, m.op
	begin := op("beginImport", "Bring in a CSV, an XLSX or a NetBox export; its content is the body. Nothing is done yet", nil, importOut{})
	begin.Query, begin.RawIn, begin.Status, begin.Idempotent = beginQuery{}, true, http.StatusCreated, true
	rt.API(http.MethodPost, "/api/v1/ci-imports", begin, a.beginImport)
	rt.API(http.MethodGet, "/api/v1/ci-imports", op("listImports", "The newest 100 imports", nil, importsOut{}), a.imports)
	rt.API(http.MethodGet, "/api/v1/ci-imports/{import}", versioned(op("getImport", "One import, and how many rows would do what; its batch_id is a job", nil, importOut{})), a.getImport)
	rt.API(http.MethodPut, "/api/v1/ci-imports/{import}/mapping", changing(op("mapImport", "Say which column holds which field, and get what each row would do", MapInput{}, importOut{})), a.mapImport)
	rows := op("listImportRows", "What each row would do, with the values", nil, importRowsOut{})
	rows.Query = importRowsQuery{}
	rt.API(http.MethodGet, "/api/v1/ci-imports/{import}/rows", rows, a.importRows)
	rt.API(http.MethodPost, "/api/v1/ci-imports/{import}/start", changing(op("startImport", "Do it, in the background; GET the job of batch_id to see how far it is", startInput{}, importOut{})), a.startImport)
	rt.API(http.MethodPost, "/api/v1/ci-imports/{import}/undo", op("undoImport", "Take an import back as far as it can be; the answer is the job that does it", nil, batch.Batch{}), a.undoImport)
	rt.API(http.MethodGet, "/api/v1/ci-agent-tokens", op("listAgentTokens", "Tokens with which inventory agents report", nil, tokensOut{}), a.tokens)
	made := op("createAgentToken", "Make a token for inventory agents; its secret is in this answer only", TokenInput{}, newTokenOut{})
	made.Status = http.StatusCreated
	rt.API(http.MethodPost, "/api/v1/ci-agent-tokens", made, a.createToken)
	revoke := op("revokeAgentToken", "End a token at once", nil, nil)
	revoke.Status = http.StatusNoContent
	rt.API(http.MethodDelete, "/api/v1/ci-agent-tokens/{token}", revoke, a.revokeToken)
}

func (a api) beginImport(w http.ResponseWriter, r *http.Request) error {
	// Who may not import is told so before the file is read.
	if _, err := a.s.desk.Permit(r.Context(), ActionImport); err != nil {
		return err
	}
	q := r.URL.Query()
	in := ImportInput{Source: q.Get("source"), Complete: q.Get("complete") == "true" || q.Get("complete") == "1", FileName: cell(q.Get("file_name"))}
	if c := q.Get("class"); c != "" {
		m, err := a.s.Model(r.Context())
		if err != nil {
			return err
		}
		if k, ok := m.Key(c); ok {
			in.ClassID = &k.ID
		} else if id, err := uuid.Parse(c); err == nil {
			in.ClassID = &id
		} else {
			return fault.OnField("class", "configuration.error.class")
		}
	}
	var err error
	if in.Body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, MaxFile)); err != nil {
		return fault.Wrap(fault.TooLarge, "error.too_large", err)
	}
	imp, err := a.s.BeginImport(work.WithKey(r.Context(), web.Key(r)), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/ci-imports/"+imp.ID.String())
	return a.answer(w, r, http.StatusCreated, imp)
}

// answer writes an import with how many rows would do what.
func (a api) answer(w http.ResponseWriter, r *http.Request, status int, imp Import) error {
	_, counts, err := a.s.ImportRows(r.Context(), imp.ID, "", 0, 1)
	if err != nil {
		return err
	}
	web.ETag(w, imp.Version)
	delete(counts, "") // rows of a table whose columns are not mapped yet
	return web.JSON(w, status, importOut{imp, counts})
}

func (a api) imports(w http.ResponseWriter, r *http.Request) error {
	list, err := a.s.Imports(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Import{}
	}
	return web.JSON(w, http.StatusOK, importsOut{list})
}

func (a api) getImport(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	imp, err := a.s.GetImport(r.Context(), id)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, imp)
}

func (a api) mapImport(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	var in MapInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	ctx, err := work.Asked(r)
	if err != nil {
		return err
	}
	imp, err := a.s.MapColumns(ctx, id, in)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, imp)
}

func (a api) importRows(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	after, err := number(r, "after")
	if err != nil {
		return err
	}
	limit, err := limitOf(r, 500)
	if err != nil {
		return err
	}
	rows, _, err := a.s.ImportRows(r.Context(), id, r.URL.Query().Get("action"), int(after), limit)
	if err != nil {
		return err
	}
	if rows == nil {
		rows = []ImportRow{}
	}
	return web.JSON(w, http.StatusOK, importRowsOut{rows})
}

func (a api) startImport(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	var in startInput
	if r.ContentLength != 0 {
		if err := web.Decode(r, &in); err != nil {
			return err
		}
	}
	ctx, err := work.Asked(r)
	if err != nil {
		return err
	}
	imp, err := a.s.StartImport(ctx, id, in.Version)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, imp)
}

func (a api) undoImport(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "import")
	if err != nil {
		return err
	}
	b, err := a.s.UndoImport(r.Context(), id)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, b)
}

func (a api) tokens(w http.ResponseWriter, r *http.Request) error {
	list, err := a.s.Tokens(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Token{}
	}
	return web.JSON(w, http.StatusOK, tokensOut{list})
}

func (a api) createToken(w http.ResponseWriter, r *http.Request) error {
	var in TokenInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	t, secret, err := a.s.CreateToken(r.Context(), in)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.JSON(w, http.StatusCreated, newTokenOut{t, secret})
}

func (a api) revokeToken(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID(r, "token")
	if err != nil {
		return err
	}
	if err := a.s.RevokeToken(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
