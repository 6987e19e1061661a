package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/change"
	"opsdesk/internal/configuration"
	"opsdesk/internal/draft"
	"opsdesk/internal/identity"
	"opsdesk/internal/incident"
	"opsdesk/internal/inspection"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
	"opsdesk/internal/servicerequest"
	"opsdesk/internal/ui"
	"opsdesk/internal/view"
	"opsdesk/internal/work"
)

// incidentOrders lets items of the catalogue open incidents.
type incidentOrders struct{ *incident.Service }

// OpenIn opens the incident that a request orders.
func (a incidentOrders) OpenIn(ctx context.Context, u *work.Unit, in servicerequest.IncidentOrder) (record.Ref, error) {
	return a.Service.OpenIn(ctx, u, incident.CreateInput{
		Title: in.Title, Description: in.Text, Impact: in.Impact, Urgency: in.Urgency, RequesterID: &in.RequesterID, ServiceID: in.ServiceID, Channel: "portal",
		Confidential: in.Confidential,
	}, in.TeamID, in.From)
}

// changeOrders lets items of the catalogue open changes.
type changeOrders struct {
	*change.Service
	desk *work.Desk
}

// MayBegin reports whether the actor may open a change.
func (a changeOrders) MayBegin(ctx context.Context) bool {
	return a.desk.Can(ctx, change.ActionCreate, nil)
}

// Begin begins the draft that a request orders.
func (a changeOrders) Begin(ctx context.Context, in servicerequest.ChangeOrder) (record.Ref, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return record.Ref{}, err
	}
	// A change that is begun counts as the one that the actor was typing; this one
	// is another, so what they typed stays.
	typed, at, err := draft.Load(ctx, a.desk.DB, who.ID, "change:new")
	if err != nil {
		return record.Ref{}, err
	}
	c, err := a.Create(ctx, change.CreateInput{Type: change.Normal, Plan: change.Plan{Title: in.Title, Content: in.Content, Reason: in.Reason, ServiceID: in.ServiceID}})
	if err == nil && typed != nil {
		err = draft.Save(ctx, a.desk.DB, who.ID, "change:new", typed, at)
	}
	return c.Ref(), err
}

// assets are the configuration items that forms may ask for.
type assets struct{ desk *work.Desk }

// PickURL answers a search among the items that the actor may see.
func (a assets) PickURL(ctx context.Context) string {
	if !a.desk.Can(ctx, configuration.ActionRead, nil) {
		return ""
	}
	return "/configuration/pick?q="
}

// Names are those of the items that the actor may see.
func (a assets) Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	out := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return out, nil
	}
	v, _, err := a.desk.Visibility(ctx, configuration.Kind)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		e, err := record.Find(ctx, a.desk.DB, v, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil && e.Kind == configuration.Kind {
			out[id] = e.Number + " " + e.Title
		}
	}
	return out, nil
}

// itemIncidents are the incidents about configuration items.
type itemIncidents struct{ desk *work.Desk }

// Opened lists the incidents about items that were opened in a span and that
// the actor may see.
func (a itemIncidents) Opened(ctx context.Context, items []uuid.UUID, from, to time.Time) ([]record.Summary, error) {
	v, _, err := a.desk.Visibility(ctx, incident.Kind)
	if err != nil || v.Never() {
		return nil, err
	}
	return a.desk.Kinds.Affecting(ctx, a.desk.DB, v, incident.Kind, items, from, to)
}

// inspected finds the items that a plan of inspections names by what they are.
type inspected struct{ *configuration.Service }

// Select lists items by name.
func (a inspected) Select(ctx context.Context, s inspection.Selection, limit int) ([]uuid.UUID, error) {
	p, err := a.List(ctx, configuration.Filter{Class: &s.ClassID, Lifecycle: s.Lifecycle, Criticality: s.Criticality, Service: s.ServiceID, Location: s.Location, Sort: "name", Limit: limit}, "")
	out := make([]uuid.UUID, len(p.Rows))
	for n, r := range p.Rows {
		out[n] = r.ID
	}
	return out, err
}

// Classes lists the classes that items may be of.
func (a inspected) Classes(ctx context.Context) ([]inspection.Named, error) {
	m, err := a.Model(ctx)
	if err != nil {
		return nil, err
	}
	var out []inspection.Named
	for _, c := range m.Tree() {
		if c.Active {
			out = append(out, inspection.Named{ID: c.ID, Name: strings.Repeat("　", c.Depth) + c.NameZh, NameEn: strings.Repeat("　", c.Depth) + c.NameEn})
		}
	}
	return out, nil
}

// findings lets inspections report what they found.
type findings struct{ *incident.Service }

// OpenIn opens the incident of a finding, in the name of whoever found it.
func (a findings) OpenIn(ctx context.Context, u *work.Unit, in inspection.Incident) (record.Ref, error) {
	ref, err := a.Service.OpenIn(ctx, u, incident.CreateInput{
		Title: in.Title, Description: in.Text, Impact: 2, Urgency: 2, RequesterID: &u.Actor.ID, ServiceID: in.ServiceID, Channel: "walk_in",
	}, &in.TeamID, in.From)
	if err == nil {
		record.Link(&u.Batch, ref.ID, in.ItemID, "affects", u.Actor.ID, u.Now)
	}
	return ref, err
}

// ownRequests are the reader's requests, for the portal.
type ownRequests struct{ *servicerequest.Service }

// Own lists them after a place in the list of everything of the reader's own.
func (a ownRequests) Own(ctx context.Context, text string, after *incident.Cursor, limit int) ([]ui.Own, error) {
	var c *servicerequest.Cursor
	if after != nil {
		c = &servicerequest.Cursor{At: after.At, ID: after.ID}
	}
	rows, err := a.Mine(ctx, text, c, limit)
	if err != nil {
		return nil, err
	}
	out := make([]ui.Own, 0, len(rows))
	for _, r := range rows {
		name, title := i18n.Pick(ctx, r.AssigneeName, r.AssigneeEn), i18n.Pick(ctx, r.Title, r.TitleEn)
		out = append(out, ui.Own{
			ID: r.ID, Href: "/requests/" + r.Number, Number: r.Number, Title: title, Icon: "category", Colour: "teal", Plain: servicerequest.Plain(r.State, r.PendingReason),
			Open: r.Category.Open() || r.State == string(servicerequest.Fulfilled), Person: name, Progress: servicerequest.Progress(r.State),
			Class: servicerequest.ProgressClass(r.State, r.PendingReason), ProgressKey: "servicerequest.progress", Updated: r.UpdatedAt,
		})
	}
	return out, nil
}

// requestNav is where engineers find requests, and those who keep the catalogue
// find that.
func (a *App) requestNav(ctx context.Context, groups []ui.NavGroup) []ui.NavGroup {
	views, counts := a.Requests.Navigation(ctx)
	items := []ui.NavItem{
		{ID: "requests-open", Href: "/requests", Icon: "category", Label: "ui.nav.requests", Go: "r"},
		{ID: "requests-team", Href: "/requests?view=team", Icon: "users-group", Label: "ui.nav.requests_team", Count: some(counts["team"])},
		{ID: "requests-mine", Href: "/requests?view=mine", Icon: "user-check", Label: "ui.nav.requests_mine", Count: some(counts["mine"])},
		{ID: "requests-approving", Href: "/requests?view=approving", Icon: "clipboard-list", Label: "ui.nav.requests_approving"},
		{ID: "requests-fulfilled", Href: "/requests?view=fulfilled", Icon: "circle-check", Label: "ui.nav.requests_fulfilled"},
		{ID: "request-tasks", Href: "/requests/tasks", Icon: "list-check", Label: "ui.nav.request_tasks"},
	}
	if a.Requests.MayKeep(ctx) {
		items = append(items, ui.NavItem{ID: "catalogue-keep", Href: "/catalogue/manage", Icon: "tag", Label: "ui.nav.catalogue_keep"})
	}
	if a.Desk.Can(ctx, servicerequest.ActionConfigure, nil) {
		items = append(items, ui.NavItem{ID: "settings-requests", Href: "/settings/requests", Icon: "adjustments-horizontal", Label: "ui.nav.request_settings"})
	}
	return slices.Insert(groups, min(2, len(groups)), ui.NavGroup{Title: "ui.nav.request_group", Items: append(items, savedNav("/requests", views, counts)...)})
}

// savedNav are the entries of saved views of a list.
func savedNav(path string, views []view.View, counts map[string]int) []ui.NavItem {
	var out []ui.NavItem
	for _, v := range views {
		id, icon := v.ID.String(), "bookmark"
		if v.TeamID != nil {
			icon = "users-group"
		}
		out = append(out, ui.NavItem{ID: "view-" + id, Href: path + "?v=" + id, Icon: icon, Text: v.Name, Count: some(counts[id]), Hot: v.AlertAbove != nil && counts[id] > *v.AlertAbove})
	}
	return out
}

// some is a count beside an entry of the navigation; none says nothing.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return ui.Count(n, 99)
}
