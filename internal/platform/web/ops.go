package web

import (
	"net/http"
	"sync"
)

// Op is what one route of the JSON API promises. The OpenAPI document is made
// from it, and tests hold real answers against it.
type Op struct {
	ID      string // operationId, stable
	Tag     string
	Summary string // in English: it is documentation, not interface
	// In is a value of the input type, decoded with Decode; nil for none.
	In any
	// Query is a value of a struct whose `query` tags are the parameters.
	Query any
	// Out is a value of the answer's type; nil for no body.
	Out any
	// Status of success; 0 means 200.
	Status int
	// Versioned routes answer with ETag and honour If-Match.
	Versioned bool
	// Idempotent routes honour Idempotency-Key.
	Idempotent bool
	// Public routes need no token.
	Public bool
	// RawIn: the request body is the content of a file.
	RawIn bool
	// ContentType of the answer where it is not JSON.
	ContentType string
}

// Registered is one operation with its place.
type Registered struct {
	Method, Path string
	Op
}

// Ops is the list of the API's operations, in the order of registration.
type Ops struct {
	mu   sync.Mutex
	list []Registered
}

// List returns the operations.
func (o *Ops) List() []Registered {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Registered(nil), o.list...)
}

// API registers a route of the JSON API together with what it promises.
func (rt Router) API(method, path string, op Op, h Handler) {
	if op.Status == 0 {
		op.Status = http.StatusOK
	}
	rt.Ops.mu.Lock()
	rt.Ops.list = append(rt.Ops.list, Registered{method, path, op})
	rt.Ops.mu.Unlock()
	rt.Method(method, path, rt.Serve(h))
}
