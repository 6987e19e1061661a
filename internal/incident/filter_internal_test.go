package incident

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/queue"
	"opsdesk/internal/record"
)

// FuzzFilter: whatever stands in an address is refused or understood; what is
// understood is written as an address that means the same, and what a person
// typed never becomes SQL.
func FuzzFilter(f *testing.F) {
	id := uuid.NewString()
	for _, s := range []string{
		"", "view=open&q=%E6%89%93%E5%8D%B0", "view=all&sort=updated&f=priority.is.1,2&f=state.not.pending", "f=assignee.is.me&group=team",
		"f=category.is." + id + "&f=created.within.7d", "f=created.before.2026-02-30", "f=priority.is.1'%20OR%20true--", "f=a.b.c&f=..&f=.", "q=%00", "q=%ff", "limit=0&sort=x",
		"f=title.has.x", "f=created.within.99999999999d", "f=channel.is." + strings.Repeat("a,", 40), "group=due&sort=created", "v=%zz", "f=assignee.none&f=due.any",
	} {
		f.Add(s)
	}
	seesAll := record.Visible(authz.ReadScope{All: true}, identity.Actor{}, time.Now())
	f.Fuzz(func(t *testing.T, address string) {
		q, err := url.ParseQuery(address)
		if err != nil {
			return
		}
		got, err := list.Parse(q)
		if err != nil {
			return
		}
		again, err := list.ParseQuery(got.Query().Encode())
		if got.Limit = 0; err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%q is read as %+v, written as %q and read again as %+v, %v", address, got, got.Query().Encode(), again, err)
		}
		for _, c := range got.Clauses {
			for _, v := range c.Values {
				if sql, _ := list.ListSQL(got, queue.Ask{Visible: seesAll, Now: time.Now(), Zone: time.UTC}); len(v) > 12 && strings.Contains(sql, v) {
					t.Fatalf("%q stands in %s", v, sql)
				}
			}
		}
	})
}

// FuzzCursor: a cursor from anywhere is refused or names a place that is written
// as a cursor again.
func FuzzCursor(f *testing.F) {
	f.Add(queue.Cursor{Priority: 2, Due: "infinity", At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), ID: uuid.New()}.Cursor())
	for _, s := range []string{"", "x", "e30", "bnVsbA", "W10", "eyJQcmlvcml0eSI6Ii8ifQ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := queue.ParseCursor(text)
		if err != nil || c == nil {
			return
		}
		again, err := queue.ParseCursor(c.Cursor())
		if err != nil || !c.At.Equal(again.At) || c.ID != again.ID || c.Due != again.Due || c.Group != again.Group {
			t.Fatalf("%q: %+v, then %+v, %v", text, c, again, err)
		}
	})
}
