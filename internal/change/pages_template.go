package change

import (
	"context"
	"strings"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func templateColour(s TemplateState) string {
	switch s {
	case TemplateApproved:
		return "green"
	case TemplateSubmitted:
		return "amber"
	case TemplateDraft:
		return "blue"
	}
	return "gray"
}

// asChange lends the tables of a change's page a template's steps.
func (p templateProps) asChange() Detail {
	return Detail{Change: Change{State: Draft, Steps: p.Steps, Back: p.Back}, People: p.People, Now: p.Now}
}

func (p templateProps) authors(ctx context.Context) string {
	var out []string
	for _, id := range p.Authors {
		out = append(out, p.People[id].Display(i18n.Lang(ctx)))
	}
	return strings.Join(out, ui.T(ctx, "change.comma"))
}

func (p templateProps) title(ctx context.Context) string {
	if p.isNew() {
		return ui.T(ctx, "change.template_new")
	}
	return ui.T(ctx, "change.template_edit", "name", pick(ctx, p.NameZh, p.NameEn))
}
