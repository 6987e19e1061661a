package ui

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/platform/markup"
)

// What is kept is written once for each language, zone and reader; its times are
// those of the hour it is read at.
func TestStill(t *testing.T) {
	texts := i18n.New()
	if err := texts.Add(Messages); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	n := 0
	part := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		n++
		_, _ = io.WriteString(w, "<"+T(ctx, "ui.close")+" "+Date(ctx, at)+" ")
		if err := Time(at).Render(ctx, w); err != nil {
			return err
		}
		_, err := io.WriteString(w, ">")
		return err
	})
	shelf := markup.Shelf{Most: 1 << 20}
	write := func(lang, zone string, now time.Time, what any, c templ.Component) string {
		s := &Shell{Now: now}
		s.Actor.TimeZone = zone
		var b strings.Builder
		if err := Still(&shelf, what, c).Render(With(texts.With(t.Context(), lang), s), &b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), hole) {
			t.Errorf("a hole is left: %q", b.String())
		}
		return b.String()
	}
	live := func(lang, zone string, now time.Time) string {
		s := &Shell{Now: now}
		s.Actor.TimeZone = zone
		var b strings.Builder
		if err := part.Render(With(texts.With(t.Context(), lang), s), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, c := range []struct {
		lang, zone string
		after      time.Duration
		anew       bool
	}{
		{"en", "Asia/Shanghai", time.Minute, true},
		{"en", "Asia/Shanghai", time.Minute, false},
		{"en", "Asia/Shanghai", 3 * time.Hour, false},
		{"en", "Asia/Shanghai", 40 * 24 * time.Hour, false},
		{"zh-CN", "Asia/Shanghai", time.Minute, true},
		{"en", "Europe/Berlin", time.Minute, true},
		{"en", "Asia/Shanghai", 365 * 24 * time.Hour, true},
		{"en", "Asia/Shanghai", time.Minute, false},
	} {
		want := live(c.lang, c.zone, at.Add(c.after))
		n = 0
		if got := write(c.lang, c.zone, at.Add(c.after), "one", part); got != want {
			t.Errorf("%+v: %q, not %q", c, got, want)
		}
		if (n == 1) != c.anew {
			t.Errorf("%+v: written %d times", c, n)
		}
	}
	n = 0
	write("en", "Asia/Shanghai", at, "another", part)
	if n != 1 {
		t.Error("another reader was shown what was not for them")
	}
	for name, c := range map[string]templ.Component{"a form": FormHead(1), "an age": templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := io.WriteString(w, Age(ctx, at))
		return err
	}), "a text with a hole": templ.Raw("a\x00b")} {
		var all []string
		for range 2 {
			s := &Shell{Now: at.Add(time.Duration(len(all)+1) * time.Hour)}
			var b strings.Builder
			if err := Still(&shelf, name, c).Render(With(texts.With(t.Context(), "en"), s), &b); err != nil {
				t.Fatal(err)
			}
			all = append(all, b.String())
		}
		if _, kept := shelf.Get(stillKey{i18n.From(texts.With(t.Context(), "en")), nil, "Asia/Shanghai", 2026, name}); kept || all[0] == "" {
			t.Errorf("%s was kept: %q", name, all)
		}
	}
}
