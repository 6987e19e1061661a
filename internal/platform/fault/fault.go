// Package fault is the one error type that crosses layers. Anything that is
// not a *fault.Error is an internal error and is never shown to a person.
package fault

import (
	"errors"
	"time"
)

// Kind says what went wrong in a way every transport can map.
type Kind uint8

// The kinds, and the HTTP status each becomes in package web.
const (
	Internal        Kind = iota // 500
	Invalid                     // 422: the input can be mended
	Malformed                   // 400: the request could not be read at all
	Unauthenticated             // 401
	Forbidden                   // 403: visible, but not for this person to do
	NotFound                    // 404: absent, or hidden from this person
	Conflict                    // 409: the record's state or version does not allow it
	Stale                       // 412: an If-Match header names an older version
	TooLarge                    // 413
	Unsupported                 // 415
	TooMany                     // 429
	Unavailable                 // 503: the database is away; retrying later may help
	NotAllowed                  // 405: the address does not take this method
	Pending                     // 202: recorded, waits for a second person (four-eyes)
)

// Field is one invalid input field. Code is a message key, not a sentence;
// Param is the limit the value broke, if the message names one.
type Field struct {
	Name  string `json:"field"`
	Code  string `json:"code"`
	Param string `json:"param,omitempty"`
}

// Clash is one field on which two people's edits disagree.
type Clash struct {
	Field  string `json:"field"`
	Theirs any    `json:"theirs"`
	Yours  any    `json:"yours"`
}

// Error carries a kind, a stable message key and the cause.
type Error struct {
	Kind   Kind
	Code   string
	Fields []Field
	// Args are name, value pairs for the placeholders of the message.
	Args []any
	// Clashes, By and At describe an edit that collided with another one.
	Clashes []Clash
	By      string
	At      time.Time
	// RetryAfter is how long a TooMany or Unavailable caller should wait.
	RetryAfter time.Duration
	cause      error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code
}

func (e *Error) Unwrap() error { return e.cause }

// New returns an error of kind k with the message key code. args are name,
// value pairs for the message's placeholders.
func New(k Kind, code string, args ...any) *Error { return &Error{Kind: k, Code: code, Args: args} }

// Wrap is New with a cause for the log.
func Wrap(k Kind, code string, cause error) *Error { return &Error{Kind: k, Code: code, cause: cause} }

// OnField returns an Invalid error about one field.
func OnField(name, code string, param ...string) *Error {
	f := Field{Name: name, Code: code}
	if len(param) > 0 {
		f.Param = param[0]
	}
	return &Error{Kind: Invalid, Code: "error.invalid", Fields: []Field{f}}
}

// Of returns the *Error inside err, or an Internal one around it. Of(nil) is
// nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "error.internal", cause: err}
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool { return err != nil && Of(err).Kind == k }
