package configuration

import (
	"context"
	"net/url"
	"strconv"

	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/ui"
)

func campaignColour(state string) string {
	switch state {
	case CampaignOpen:
		return "blue"
	case CampaignClosed:
		return "green"
	}
	return ""
}

func askColour(state string) string {
	switch state {
	case AskVerified:
		return "green"
	case AskSame:
		return "blue"
	case AskDiffers:
		return "amber"
	case AskMissing:
		return "red"
	}
	return ""
}

// link is the page's address with the items of one state, from one after a
// number on.
func (p campaignProps) link(state string, after int64) string {
	q := url.Values{}
	if state != "" {
		q.Set("state", state)
	}
	if after > 0 {
		q.Set("after", strconv.FormatInt(after, 10))
	}
	if len(q) == 0 {
		return campaignAddress(p.ID)
	}
	return campaignAddress(p.ID) + "?" + q.Encode()
}

// remark is what was typed to end the campaign in one way.
func (p campaignProps) remark(act string) string {
	if p.Form.Get("act") != act {
		return ""
	}
	return p.Form.Get("remark")
}

// answered says how many of the items have an answer or are verified.
func (s Standing) answered() int { return s.Total() - s[AskOpen] }

// answerOptions are what may be said of an item.
func answerOptions(ctx context.Context) []ui.Option {
	return options(ctx, "configuration.campaign.answer.", []string{AskSame, AskDiffers, AskMissing})
}

// where says in a line how to find an item of a list on the spot.
func (r AskRow) where(ctx context.Context, m Model) string {
	s := m.Classes[r.ClassID].Name(ctx)
	for _, x := range []string{r.AssetTag, r.Serial, r.Location} {
		if x != "" {
			s += " · " + x
		}
	}
	return s
}

// name is what the campaign is called.
func (a AskAbout) name(ctx context.Context) string { return i18n.Pick(ctx, a.NameZh, a.NameEn) }
