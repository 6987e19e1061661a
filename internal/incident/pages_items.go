package incident

import (
	"net/url"

	"opsdesk/internal/record"
)

// impactURL is the whole analysis of what the incident affects.
func impactURL(d *Detail) string {
	q := url.Values{}
	for _, e := range d.Items {
		q.Add("item", e.Number)
	}
	return "/configuration/impact?" + q.Encode()
}

func (d *Detail) firstServices() []record.Called {
	return d.Reach.Services[:min(8, len(d.Reach.Services))]
}

// importantPeople are those whom the fault concerns and who come first.
func (d *Detail) importantPeople() []record.Called {
	var out []record.Called
	for _, p := range d.Reach.People {
		if p.VIP && len(out) < 8 {
			out = append(out, p)
		}
	}
	return out
}
