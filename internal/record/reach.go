package record

import "github.com/google/uuid"

// Reach is what a fault of some configuration items touches, as any practice
// may show it: the module of items answers, others ask.
type Reach struct {
	Items       []Reached // those named first, then by distance
	Services    []Called
	Departments []Called
	People      []Called // owners and custodians, important ones first
	More        bool     // there is more than is listed
}

// Reached is an item that a fault reaches.
type Reached struct {
	Summary
	Depth int    // 0 for those that were named
	Fate  string // down, degraded or "" for untouched
}

// Called is somebody or something with a name in both languages.
type Called struct {
	ID     uuid.UUID
	NameZh string
	NameEn string
	VIP    bool
}
