package change_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/change"
	"opsdesk/internal/platform/db"
	"opsdesk/internal/platform/fault"
)

// templateInput is a complete template.
func templateInput(d desk) change.TemplateInput {
	step := func(s string, n int) change.PlanStep { return change.PlanStep{Title: s, Minutes: n, Check: "ok"} }
	return change.TemplateInput{
		NameZh: "证书续期", NameEn: "Certificate renewal", Content: "换上新证书", Reason: "到期", Effect: "服务重启一分钟", Steps: []change.PlanStep{step("备份", 5), step("更换并重启", 10)},
		TestPlan: "浏览器无告警", RollbackTrigger: "握手失败", Back: []change.PlanStep{step("还原旧证书", 5)}, RollbackMinutes: 5, Rehearsal: "每季一次", CriticalFrom: 1,
		ReviewBy: d.Desk.Desk.Now().AddDate(0, 6, 0).Format(time.DateOnly),
	}
}

func (d desk) template(in change.TemplateInput) change.Template {
	d.t.Helper()
	t, err := d.Changes.DraftTemplate(d.As("engineer2"), in)
	if err != nil {
		d.t.Fatal(err, code(err))
	}
	if t, err = d.Changes.SubmitTemplate(d.As("engineer2"), t.ID, change.TemplateStep{}); err != nil {
		d.t.Fatal(err, code(err))
	}
	if t, err = d.Changes.ApproveTemplate(d.As("changemanager"), t.ID, change.TemplateStep{}); err != nil {
		d.t.Fatal(err, code(err))
	}
	return t
}

// standard is the plan of a change from a template.
func standard(d desk) change.Plan {
	p := plan(d.t, d.Desk)
	p.Steps = append(p.Steps[:0:0], p.Steps...)
	for i := range p.Steps {
		p.Steps[i].Title, p.Steps[i].Minutes = "something else", 1
	}
	return p
}

// names reports whether a fault names a code for one of its fields.
func names(err error, code string) bool {
	return err != nil && slices.ContainsFunc(fault.Of(err).Fields, func(f fault.Field) bool { return f.Code == code })
}

// TestTemplateLife: who wrote it does not approve it, what is incomplete is not
// handed in, a new version takes the place of the old, and what is retired or
// overdue begins no change.
func TestTemplateLife(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := templateInput(d)
	in.Steps = nil
	draft, err := d.Changes.DraftTemplate(d.As("changemanager"), in)
	if err != nil {
		t.Fatal(err, code(err))
	}
	if _, err := d.Changes.SubmitTemplate(d.As("changemanager"), draft.ID, change.TemplateStep{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("an incomplete one was handed in: %v", err)
	}
	in = templateInput(d)
	if draft, err = d.Changes.EditTemplate(d.As("engineer2"), draft.ID, in); err != nil {
		t.Fatal(err, code(err))
	}
	if draft, err = d.Changes.SubmitTemplate(d.As("engineer2"), draft.ID, change.TemplateStep{}); err != nil {
		t.Fatal(err, code(err))
	}
	for _, who := range []string{"changemanager", "engineer2", "lead", "staff", "implementer"} {
		if _, err := d.Changes.ApproveTemplate(d.As(who), draft.ID, change.TemplateStep{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s approved it: %v", who, err)
		}
	}
	if _, err := d.Changes.SendTemplateBack(d.As("reviewer"), draft.ID, change.TemplateStep{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("sent back without a reason: %v", err)
	}
	first, err := d.Changes.ApproveTemplate(d.As("reviewer"), draft.ID, change.TemplateStep{})
	if err != nil {
		t.Fatal(err, code(err))
	}
	if _, err := d.Pool.PGX().Exec(t.Context(), `UPDATE change_templates SET content = 'x' WHERE id = $1`, first.ID); err == nil {
		t.Error("the database let the approved version be changed")
	}
	if _, err := d.Changes.EditTemplate(d.As("engineer2"), first.ID, in); !fault.Is(err, fault.Conflict) {
		t.Errorf("an approved version was edited: %v", err)
	}
	if _, err := d.Changes.Templates(d.As("staff")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff read templates: %v", err)
	}

	in.FamilyID, in.Content = &first.FamilyID, "换上新证书，并核对链"
	second := d.template(in)
	if old, err := d.Changes.Template(d.As("lead"), first.ID); err != nil || old.State != change.TemplateRetired || second.Number != 2 || len(old.Versions) != 2 {
		t.Errorf("the version before is %s, of %d: %v", old.State, len(old.Versions), err)
	}
	if _, err := d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Standard, TemplateID: &first.ID, Plan: standard(d)}); !names(err, "change.error.no_template") {
		t.Errorf("a change was begun from the old version: %v", err)
	}
	if _, err := d.Changes.RetireTemplate(d.As("lead"), second.ID, change.TemplateStep{Remark: "中止"}); err != nil {
		t.Fatal(err, code(err))
	}
	if _, err := d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Standard, TemplateID: &second.ID, Plan: standard(d)}); !names(err, "change.error.no_template") {
		t.Errorf("a change was begun from a retired version: %v", err)
	}
	list, err := d.Changes.Templates(d.As("auditor"))
	if err != nil || !slices.ContainsFunc(list, func(r change.TemplateRow) bool { return r.ID == second.ID && !r.Live }) {
		t.Errorf("the retired one is not listed: %v", err)
	}
}

// TestStandardChange: approved with its template, through the gates that are
// left, by somebody else than who asked for it; what the template fixes stays,
// whatever is sent.
func TestStandardChange(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tpl := d.template(templateInput(d))
	for _, in := range []change.CreateInput{{Type: change.Standard, Plan: standard(d)}, {Type: change.Normal, TemplateID: &tpl.ID, Plan: standard(d)}} {
		if _, err := d.Changes.Create(d.As("engineer2"), in); !names(err, "change.error.template_needed") {
			t.Errorf("%s: %v", in.Type, err)
		}
	}
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Standard, TemplateID: &tpl.ID, Plan: standard(d)}))
	if c.Content != tpl.Content || c.Steps[1].Title != "更换并重启" || c.Steps[1].OwnerID == nil || c.Steps[1].Minutes != 10 || c.Title != "核心交换机固件升级" {
		t.Fatalf("%+v", c)
	}
	c = d.must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
	if c.State != change.Approved {
		t.Fatal(c.State)
	}
	d.must(d.Changes.Schedule(d.As("engineer2"), c.ID, change.StepInput{}))
	d.Advance(61 * time.Minute)
	c = d.must(d.Changes.Start(d.As("implementer"), c.ID, change.StepInput{}))
	if c.State != change.Implementing {
		t.Error(c.State)
	}
	x, err := d.Changes.Template(d.As("lead"), tpl.ID)
	if err != nil || x.Uses.All != 1 {
		t.Errorf("used %d times: %v", x.Uses.All, err)
	}
}

// TestTemplateGate: a template that is overdue, was replaced, or is not meant
// for so critical an item lets no change through, also not one that was
// scheduled before.
func TestTemplateGate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	in := templateInput(d)
	in.ReviewBy = d.Desk.Desk.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	tpl := d.template(in)
	shut := func(err error) bool {
		return fault.Is(err, fault.Conflict) && slices.ContainsFunc(fault.Of(err).Fields, func(f fault.Field) bool { return f.Name == "template" })
	}
	p := standard(d)
	from := d.Desk.Desk.Now().AddDate(0, 0, 4)
	to := from.Add(4 * time.Hour)
	p.WindowFrom, p.WindowTo = &from, &to
	late := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Standard, TemplateID: &tpl.ID, Plan: p}))
	d.must(d.Changes.Submit(d.As("engineer2"), late.ID, change.StepInput{}))
	d.must(d.Changes.Schedule(d.As("engineer2"), late.ID, change.StepInput{}))
	d.Advance(4*24*time.Hour + time.Minute)
	if _, err := d.Changes.Start(d.As("implementer"), late.ID, change.StepInput{}); !shut(err) {
		t.Errorf("begun after the template's last day: %v", err)
	}

	in = templateInput(d)
	in.NameZh, in.NameEn, in.CriticalFrom = "重启", "Restart", 4
	strict := d.template(in)
	if err := d.Pool.InTx(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE ci_items SET criticality = 1 WHERE id = @id`, db.Args{"id": p.Items[0]})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Standard, TemplateID: &strict.ID, Plan: standard(d)}))
	if _, err := d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}); !shut(err) {
		t.Errorf("a critical item was let through: %v", err)
	}
	in.FamilyID, in.CriticalFrom, in.Content = &strict.FamilyID, 1, "another"
	next := d.template(in)
	if page := d.Client("engineer2").Get("/changes/" + c.Label()); page.Status != 200 || !strings.Contains(page.Text(), "Take over the version in force") && !strings.Contains(page.Text(), "采用现行版本") {
		t.Errorf("the page does not offer the new version: %d", page.Status)
	}
	c = d.must(d.Changes.Retake(d.As("engineer2"), c.ID, change.StepInput{}))
	if c.TemplateID == nil || *c.TemplateID != next.ID || c.Content != "another" || c.Steps[0].OwnerID == nil {
		t.Errorf("%+v", c)
	}
	d.must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
}

// TestTwoApproveVersions: of two versions of a template one is in force,
// whoever approves when.
func TestTwoApproveVersions(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.template(templateInput(d))
	in := templateInput(d)
	in.FamilyID = &first.FamilyID
	if _, err := d.Changes.DraftTemplate(d.As("engineer2"), in); err != nil {
		t.Fatal(err, code(err))
	}
	if _, err := d.Changes.DraftTemplate(d.As("lead"), in); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		t.Errorf("two drafts of one template: %v", err)
	}
	unknown := uuid.New()
	in.FamilyID = &unknown
	if _, err := d.Changes.DraftTemplate(d.As("lead"), in); !fault.Is(err, fault.Invalid) {
		t.Errorf("the next version of nothing: %v", err)
	}
}
