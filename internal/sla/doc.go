// Package sla keeps promised times (regulation 3.4, 4.1, 4.3): business
// calendars, agreements that say how soon what is answered and solved, and for
// every record the clocks that follow from its history.
//
// What a clock says is computed by pure functions from events and calendars
// (calendar.go, clock.go) and can be recomputed at any time. Modules tell the
// package what happened to a record within their own units of work.
package sla
