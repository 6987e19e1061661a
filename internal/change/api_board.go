package change

import (
	"net/http"

	"opsdesk/internal/platform/web"
	"opsdesk/internal/work"
)

func (a api) board(w http.ResponseWriter, r *http.Request) error {
	b, err := a.s.Board(r.Context())
	if err != nil {
		return err
	}
	return showBoard(w, b)
}

func (a api) setBoard(w http.ResponseWriter, r *http.Request) error {
	var in BoardInput
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	ctx, err := work.Asked(r)
	if err != nil {
		return err
	}
	b, err := a.s.SetBoard(ctx, in)
	if err != nil {
		return err
	}
	return showBoard(w, b)
}

func showBoard(w http.ResponseWriter, b Board) error {
	b.Must = nonNil(b.Must)
	web.ETag(w, b.Version)
	return web.JSON(w, http.StatusOK, b)
}
