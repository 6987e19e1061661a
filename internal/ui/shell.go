// Package ui holds the components every page is made of: the two shells
// (engineers' and staff's), fields, badges, time and the other pieces of the
// design guide. Components take values; they never call a service.
package ui

import (
	"context"
	"embed"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/identity"
	"opsdesk/internal/platform/i18n"
	"opsdesk/web"
)

// Messages holds the texts of the shell, the states, faults and validation.
//
//go:embed messages/*.json
var Messages embed.FS

// NavItem is one destination. Label is a message key; Text is what somebody
// called it, and stands in its place.
type NavItem struct {
	ID, Href, Icon, Label string
	Text                  string
	Count                 string // as shown; "" for none
	Hot                   bool
	Go                    string // second key of its G sequence
}

// Name is what the destination is called for the reader.
func (n NavItem) Name(ctx context.Context) string {
	if n.Text != "" {
		return n.Text
	}
	return T(ctx, n.Label)
}

// NavGroup is a titled list of destinations; Title may be empty.
type NavGroup struct {
	Title string
	Items []NavItem
}

// Shell is what every page shows around its own content.
type Shell struct {
	// Fill completes Nav, the counts and Notices, nil where nothing is to be
	// done. It is called once, when a page begins to be written.
	Fill func(context.Context)

	Actor     identity.Actor
	SignedIn  bool
	Theme     string // light, dark or auto
	Path      string // of the page one is on, with its query: that of a form which was sent
	Assets    *web.Assets
	Nav       []NavGroup
	Unread    string // of the inbox; "" for none
	Approvals string // how many wait for the reader to decide; "" for none
	Asked     string // how many items in the reader's care a verification asks about
	Now       time.Time
	Version   string
	Flash     string // message key of what just succeeded
	// FlashParts are those of what it consisted of.
	FlashParts []string
	// UndoPath takes UndoValue to take it back; "" for what cannot be.
	UndoPath, UndoValue string
	Dev                 bool

	zone     *time.Location // of zoneName
	zoneName string
	// recording is there while a part is written to be kept (Still).
	recording *recorder
	Notices   []Notice // faults that concern the reader
}

// Notice is a line on every page of who is concerned by a fault.
type Notice struct{ Title, Text, Href string }

type key struct{}

// With gives ctx its shell.
func With(ctx context.Context, s *Shell) context.Context { return context.WithValue(ctx, key{}, s) }

// From returns the shell of ctx; never nil, so that components can be tested
// alone.
func From(ctx context.Context) *Shell {
	if s, ok := ctx.Value(key{}).(*Shell); ok {
		return s
	}
	return &Shell{Theme: "light"}
}

// Filled is From, complete: for what shows the navigation itself.
func Filled(ctx context.Context) *Shell {
	s := From(ctx)
	if fill := s.Fill; fill != nil {
		s.Fill = nil
		fill(ctx)
	}
	return s
}

func asset(ctx context.Context, name string) string {
	if a := From(ctx).Assets; a != nil {
		return a.Path(name)
	}
	return "/static/" + name
}

// Doer names who did something, as the trail has them: a component of the desk,
// whose name is no word of any language, is the desk itself.
func Doer(ctx context.Context, id uuid.UUID, name string) string {
	if identity.IsSystem(id, name) {
		return T(ctx, "ui.product")
	}
	return name
}

// T looks a message up in the reader's language.
func T(ctx context.Context, k string, args ...any) string { return i18n.T(ctx, k, args...) }

// keysOff says that the reader switched single-key shortcuts off.
func keysOff(ctx context.Context) string {
	if From(ctx).Actor.NoShortcuts {
		return "off"
	}
	return "on"
}

// me is the reader's own name.
func me(ctx context.Context) string { return From(ctx).Actor.Display(i18n.Lang(ctx)) }

func density(ctx context.Context) string { return From(ctx).Actor.Density }

func other(ctx context.Context) string {
	if i18n.Lang(ctx) == i18n.Chinese {
		return i18n.English
	}
	return i18n.Chinese
}

func themeNext(ctx context.Context) string {
	switch From(ctx).Theme {
	case "light":
		return "dark"
	case "dark":
		return "auto"
	}
	return "light"
}

func themeIcon(ctx context.Context) string {
	switch From(ctx).Theme {
	case "light":
		return "sun"
	case "dark":
		return "moon"
	}
	return "sun-moon"
}

// Page names a page for its shell.
type Page struct {
	Title string // shown in the browser's tab
	Kind  string // data-page: ticket, queue, report, … (the style sheet knows some)
	Cur   string // NavItem.ID of the current destination
}

// shortcut is a line of the ? sheet.
type shortcut struct{ Keys, Label string }

var shortcuts = []shortcut{
	{"⌘K", "ui.keys.palette"},
	{"/", "ui.keys.search"},
	{"F", "ui.keys.filter"},
	{"J K", "ui.keys.move"},
	{"↵", "ui.keys.open"},
	{"X", "ui.keys.select"},
	{"⇧J ⇧K", "ui.keys.extend"},
	{"Ctrl A", "ui.keys.select_all"},
	{"I", "ui.keys.claim"},
	{"A", "ui.keys.assign"},
	{"S", "ui.keys.status"},
	{"P", "ui.keys.priority"},
	{"E", "ui.keys.resolve"},
	{"R", "ui.keys.reply"},
	{"N", "ui.keys.note"},
	{"L", "ui.keys.link"},
	{"M", "ui.keys.merge"},
	{"H", "ui.keys.snooze"},
	{"Z", "ui.undo"},
	{"Q", "ui.keys.macros"},
	{"C", "ui.keys.new"},
	{"G Q", "ui.keys.go_queue"},
	{"G M", "ui.keys.go_mine"},
	{"G I", "ui.keys.go_inbox"},
	{"G R", "ui.keys.go_requests"},
	{"G C", "ui.keys.go_changes"},
	{"G S", "ui.keys.go_breaches"},
	{"Esc", "ui.keys.back"},
	{"Ctrl ↵", "ui.keys.send"},
	{"?", "ui.keys.help"},
}

// Asset is the address of a static file.
func Asset(ctx context.Context, name string) string { return asset(ctx, name) }

// parts are the names of what an act consisted of, after what it is called.
func parts(ctx context.Context, keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	names := make([]string, len(keys))
	for n, k := range keys {
		names[n] = T(ctx, k)
	}
	return T(ctx, "ui.said_parts", "parts", strings.Join(names, T(ctx, "ui.comma")))
}
