package inspection

import (
	"context"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/db"
)

// CourseValue is one reading in a course.
type CourseValue struct {
	Reading
	Label string // of the inspection
}

// Course is how the readings of one point went, the oldest first.
type Course struct {
	Point  Point
	Values []CourseValue
}

// ItemRecord is how an item was inspected.
type ItemRecord struct {
	Last    []Brief // the last inspections, the newest first
	Courses []Course
	People  map[uuid.UUID]identity.Person
	Overdue int
	Now     time.Time
}

// Bounds of what the page of an item shows.
const (
	lastShown   = 8
	courseReach = 24 // inspections that a course goes back
)

// ItemRecord reads how an item was inspected, as far as the actor may see it:
// its last inspections, and the course of each point that is a number.
func (s *Service) ItemRecord(ctx context.Context, item uuid.UUID) (ItemRecord, error) {
	out := ItemRecord{Now: s.desk.Now()}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil || v.Never() {
		return out, err
	}
	list, err := s.repo.ofItem(ctx, s.desk.DB, v, item, courseReach)
	if err != nil || len(list) == 0 {
		return out, err
	}
	var ids, who []uuid.UUID
	for _, b := range list {
		ids = append(ids, b.ID)
		who = append(who, people(b.FinishedBy)...)
		if b.Overdue(out.Now) {
			out.Overdue++
		}
	}
	readings, points, err := s.repo.course(ctx, s.desk.DB, item, ids)
	if err != nil {
		return out, err
	}
	at := map[string]int{} // place of a point's course
	for n := len(list) - 1; n >= 0; n-- {
		for _, p := range points[list[n].ID] {
			r, ok := readings[list[n].ID][p.Key]
			if !ok || r.Number == nil {
				continue
			}
			i, known := at[p.Key]
			if !known {
				i = len(out.Courses)
				at[p.Key] = i
				out.Courses = append(out.Courses, Course{})
			}
			out.Courses[i].Point = p // as it is called now
			out.Courses[i].Values = append(out.Courses[i].Values, CourseValue{r, list[n].Label()})
			who = append(who, people(r.By)...)
		}
	}
	out.Last = list[:min(len(list), lastShown)]
	out.People, err = identity.People(ctx, s.desk.DB, who...)
	return out, db.Map(err)
}
