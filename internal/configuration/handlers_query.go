package configuration

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// afterTies reads after which relation a page of them begins.
func afterTies(r *http.Request) (uuid.UUID, error) {
	s := r.URL.Query().Get("relations_after")
	if s == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return id, fault.OnField("relations_after", "validation.uuid")
	}
	return id, nil
}

// number reads a number of an address that may be absent.
func number(r *http.Request, name string) (int64, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fault.OnField(name, "validation.number")
	}
	return n, nil
}

// place reads a number from 1 on of an address; 0 where it is absent.
func place(q url.Values, name string) (int, error) {
	s := q.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fault.OnField(name, "validation.number")
	}
	return n, nil
}

// limitOf reads how many rows a program asks for, at most most.
func limitOf(r *http.Request, most int64) (int, error) {
	n, err := number(r, "limit")
	if err != nil || n > most {
		return 0, fault.OnField("limit", "validation.number")
	}
	if n == 0 {
		n = PageSize
	}
	return int(n), nil
}
