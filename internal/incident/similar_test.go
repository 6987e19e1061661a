package incident_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/apptest"
	"opsdesk/internal/incident"
	"opsdesk/internal/platform/fault"
)

func numbers(found []incident.Alike) []string {
	var out []string
	for _, a := range found {
		out = append(out, a.Number)
	}
	return out
}

// TestSimilarReports: open ones that share words, the most alike first, and
// none that the reader may not see.
func TestSimilarReports(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	s := d.Incidents
	titled := func(title string, more ...func(*incident.CreateInput)) func(*incident.CreateInput) {
		return func(in *incident.CreateInput) {
			in.Title, in.Description = title, "…"
			for _, f := range more {
				f(in)
			}
		}
	}
	device := func(in *incident.CreateInput) { in.Device = "Plotter-7" }
	secret := func(in *incident.CreateInput) { in.Confidential = true }
	best := report(t, d, "staff", titled("四楼绘图仪无法出纸且报警"))
	second := report(t, d, "manager", titled("四楼绘图仪报警声很大"))
	machine := report(t, d, "manager", titled("绘图仪颜色偏红", device))
	hidden := report(t, d, "manager", titled("四楼绘图仪无法出纸且报警", secret))
	done := report(t, d, "staff", titled("四楼绘图仪无法出纸且报警"))
	bring(t, d, done, incident.Resolved)
	report(t, d, "manager", titled("邮箱密码忘记了"))

	in := incident.SimilarInput{Description: "四楼绘图仪报警，无法出纸"}
	for who, want := range map[string][]string{
		"auditor": {best.Label(), second.Label()},
		"staff":   {best.Label()},
		"manager": {hidden.Label(), second.Label()}, // her own, on whose list she is
		"admin":   nil,
	} {
		found, err := s.Similar(d.As(who), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := numbers(found); !slices.Equal(got, want) {
			t.Errorf("%s is told of %v, want %v", who, got, want)
		}
	}
	in.Device = " plotter-7 "
	if found, err := s.Similar(d.As("auditor"), in); err != nil || !slices.Contains(numbers(found), machine.Label()) {
		t.Errorf("the same device is not found: %v %v", numbers(found), err)
	}
	for _, text := range []string{"", "坏了", "   ", "the and for", "\xff\xfe", "'; DROP TABLE x; --", "&|!():*<->"} {
		if found, err := s.Similar(d.As("auditor"), incident.SimilarInput{Description: text}); err != nil || len(found) != 0 {
			t.Errorf("%q is like %v: %v", text, numbers(found), err)
		}
	}
	if found, err := s.SimilarTo(d.As("auditor"), second.ID); err != nil || !slices.Equal(numbers(found), []string{best.Label()}) {
		t.Errorf("like the second: %v %v", numbers(found), err)
	}
	if _, err := s.SimilarTo(d.As("staff"), hidden.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("like a hidden one: %v", err)
	}
}

// TestSimilarOwnReports: what the requester reported themselves is a duplicate
// however long it has been open; what others reported so long ago is not looked
// at.
func TestSimilarOwnReports(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	plotter := func(in *incident.CreateInput) {
		in.Title, in.Description = "四楼绘图仪无法出纸且报警", "…"
	}
	own, other := report(t, d, "staff", plotter), report(t, d, "manager", plotter)
	d.Advance(45 * 24 * time.Hour)
	in := incident.SimilarInput{Description: "四楼绘图仪报警，无法出纸"}
	of := func(who string, requester *uuid.UUID) []string {
		t.Helper()
		in.RequesterID = requester
		found, err := d.Incidents.Similar(d.As(who), in)
		if err != nil {
			t.Fatal(err)
		}
		return numbers(found)
	}
	staff := personID(t, d, "staff")
	for _, x := range []struct {
		who       string
		requester *uuid.UUID
		want      []string
	}{
		{"staff", nil, []string{own.Label()}},
		{"lead", &staff, []string{own.Label()}}, // taken by phone
		{"lead", nil, nil},
		{"manager", nil, []string{other.Label()}},
		{"manager", &staff, nil}, // may not see it
	} {
		if got := of(x.who, x.requester); !slices.Equal(got, x.want) {
			t.Errorf("%s for %v is told of %v, want %v", x.who, x.requester, got, x.want)
		}
	}
}

// TestSimilarPages: hints while writing, and the form with its text for those
// without script.
func TestSimilarPages(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	mine := report(t, d, "staff", func(in *incident.CreateInput) { in.Description = "四楼绘图仪报警无法出纸" })
	form := url.Values{"description": {"四楼绘图仪无法出纸"}, "location": {"A-4F"}, "impact": {"2"}, "urgency": {"1"}}
	staff := d.Client("staff")
	a := staff.Post("/incidents/similar", form, "HX-Request", "true")
	if a.Status != 200 || !strings.Contains(a.Text(), mine.Label()) || !strings.Contains(a.Text(), "already") {
		t.Errorf("the hint: %d %s", a.Status, a.Text())
	}
	a = staff.Post("/incidents/similar", form)
	if a.Status != 200 || !strings.Contains(a.Text(), mine.Label()) || !strings.Contains(a.Text(), "四楼绘图仪无法出纸</textarea>") || !strings.Contains(a.Text(), `value="A-4F"`) {
		t.Errorf("without script: %d", a.Status)
	}
	if a := d.Client("manager").Post("/incidents/similar", form, "HX-Request", "true"); strings.Contains(a.Text(), mine.Label()) {
		t.Error("somebody else's report is given away")
	}
	other := report(t, d, "manager", func(in *incident.CreateInput) { in.Description = "四楼绘图仪无法出纸" })
	lead := d.Client("lead")
	if a := lead.Get("/incidents/"+mine.Label()+"/similar", "HX-Request", "true"); !strings.Contains(a.Text(), other.Label()) {
		t.Errorf("the banner: %s", a.Text())
	}
	if a := lead.Get("/incidents/" + mine.Label() + "/similar"); !strings.Contains(a.Text(), other.Label()) || !strings.Contains(a.Text(), `name="relation" value="related"`) {
		t.Error("the page of similar reports")
	}
}

// TestKnownFaultsAreHinted: who writes about what is announced to them is told
// so, in either language; who is not told of it elsewhere learns nothing here.
func TestKnownFaultsAreHinted(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	erp := one(t, d, `SELECT id FROM services WHERE name_en = 'ERP system'`)
	everybody, some := report(t, d, "manager"), report(t, d, "manager")
	announce(t, d, everybody)
	announce(t, d, some, func(f *incident.AnnounceFields) {
		f.TitleZh, f.TitleEn, f.TextZh, f.TextEn = "财务报表打不开", "Ledger reports fail", "月结报表暂时打不开。", "Closing reports cannot be opened."
		f.Audience, f.Services = "some", []uuid.UUID{erp}
	})
	for text, want := range map[string]string{
		"外部邮件延迟很久才收到":                             everybody.Label(),
		"mail from a supplier outside comes late": everybody.Label(),
		"财务月结报表打不开":                               "",
		"显示器闪烁并且有横线":                              "",
		"邮件":                                      "",
		"'; DROP TABLE x; --":                     "",
	} {
		known, err := d.Incidents.Known(d.As("staff"), incident.SimilarInput{Description: text})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, a := range known {
			got += a.Number
		}
		if got != want {
			t.Errorf("%s: hinted at %q, want %q", text, got, want)
		}
	}
	a := d.Client("staff").Post("/incidents/similar", url.Values{"description": {"外部邮件延迟"}}, "HX-Request", "true")
	if a.Status != 200 || !strings.Contains(a.Text(), "/announcements/"+everybody.Label()) {
		t.Errorf("the hint: %d %s", a.Status, a.Text())
	}
}
