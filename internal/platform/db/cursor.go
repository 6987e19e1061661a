package db

import (
	"encoding/base64"
	"encoding/json"

	"opsdesk/internal/platform/fault"
)

// Cursor writes the place after the last row shown as an opaque word for an
// address.
func Cursor(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // cursors are structs of plain values, which always encode
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what Cursor wrote; anything else is a Malformed fault.
func ParseCursor[T any](s string) (*T, error) {
	if s == "" {
		return nil, nil
	}
	v := new(T)
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, "error.cursor", err)
	}
	return v, nil
}
