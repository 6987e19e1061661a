package incident

import (
	"time"

	"opsdesk/internal/sla"
)

// promise is what the reporter may expect next, and the words for it.
func (d *Detail) promise() (*time.Time, string) {
	switch m, due := sla.Next(d.Clocks, d.Now); m {
	case sla.Response:
		return due, "incident.request.answer_by"
	case sla.Resolution:
		return due, "incident.request.solve_by"
	default:
		return nil, ""
	}
}
