package configuration

import (
	"context"

	"github.com/google/uuid"

	"opsdesk/internal/platform/fault"
)

// Labels reads what the labels of items show: of those named, in that order, or
// where none is, of the first of a list; without a list of none. more says that
// there are more than one page prints.
func (s *Service) Labels(ctx context.Context, keys []string, f *Filter) (list []tagged, more bool, err error) {
	if _, err := s.desk.Permit(ctx, ActionRead); err != nil {
		return nil, false, err
	}
	var ids []uuid.UUID
	switch {
	case len(keys) > 0:
		ids, more, err = s.named(ctx, keys)
	case f != nil:
		ids, more, err = s.first(ctx, *f)
	}
	if err != nil {
		return nil, false, err
	}
	v, _, err := s.desk.Visibility(ctx, Kind)
	if err != nil {
		return nil, false, err
	}
	if list, err = s.repo.tagged(ctx, s.desk.DB, v, ids); err != nil {
		return nil, false, err
	}
	for n := range list {
		list[n].URL = s.url + "/configuration/" + list[n].Label()
		if list[n].Code, err = code(list[n].URL); err != nil {
			return nil, false, err
		}
	}
	return list, more, nil
}

// named finds items by numbers or ids.
func (s *Service) named(ctx context.Context, keys []string) (ids []uuid.UUID, more bool, err error) {
	var numbers []int64
	if more = len(keys) > maxLabels; more {
		keys = keys[:maxLabels]
	}
	for _, k := range keys {
		if n, ok := ParseLabel(k); ok {
			numbers = append(numbers, n)
		} else if id, err := uuid.Parse(k); err == nil {
			ids = append(ids, id)
		} else {
			return nil, false, fault.OnField("item", "configuration.error.no_such_number", cut(k, 80))
		}
	}
	found, err := s.repo.idsOf(ctx, s.desk.DB, numbers)
	return append(ids, found...), more, err
}

// first are the first items of a list.
func (s *Service) first(ctx context.Context, f Filter) (ids []uuid.UUID, more bool, err error) {
	f.Limit = 200
	for cursor := ""; len(ids) <= maxLabels; {
		p, err := s.List(ctx, f, cursor)
		if err != nil {
			return nil, false, err
		}
		for _, r := range p.Rows {
			ids = append(ids, r.ID)
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if more = len(ids) > maxLabels; more {
		ids = ids[:maxLabels]
	}
	return ids, more, nil
}
