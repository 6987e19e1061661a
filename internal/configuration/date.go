package configuration

import (
	"errors"
	"time"
)

// Date is a calendar day in an input: 2026-05-01.
type Date struct{ time.Time }

// UnmarshalText reads a day.
func (d *Date) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil || t.Year() < 1950 || t.Year() > 2200 {
		return errors.New("not a date")
	}
	d.Time = t
	return nil
}

// MarshalText writes a day.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.Format(time.DateOnly)), nil }

// MarshalJSON writes a day; it stands here since that of the time inside would
// be taken otherwise.
func (d Date) MarshalJSON() ([]byte, error) { return []byte(`"` + d.Format(time.DateOnly) + `"`), nil }

// UnmarshalJSON reads a day.
func (d *Date) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return errors.New("not a date")
	}
	return d.UnmarshalText(b[1 : len(b)-1])
}

func (d *Date) time() *time.Time {
	if d == nil {
		return nil
	}
	return &d.Time
}
