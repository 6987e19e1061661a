package queue

import "testing"

// TestAFileSaysThatItIsCut: as many rows as a file may have are not too many; one
// more is, and no row is read twice.
func TestAFileSaysThatItIsCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows, most int
		cut        bool
	}{{0, 3000, false}, {999, 3000, false}, {2000, 2000, false}, {2001, 2000, true}, {3000, 2000, true}, {1500, 3000, false}} {
		put := 0
		cut, err := pages(c.most, func(last *int) (page []int, err error) {
			from := 0
			if last != nil {
				from = *last + 1
			}
			for n := from; n < c.rows && len(page) < maxPage; n++ {
				page = append(page, n)
			}
			return page, nil
		}, func(n int) error {
			if n != put {
				t.Errorf("row %d in the place of %d", n, put)
			}
			put++
			return nil
		}, func(int) error { return nil })
		if err != nil || cut != c.cut || put != min(c.rows, c.most) {
			t.Errorf("%d rows of at most %d: %d in the file, cut: %v (%v)", c.rows, c.most, put, cut, err)
		}
	}
}
