// Package servicerequest is the catalogue of what people may ask of IT, and
// the requests they make from it: filled in on a form, approved where that is
// asked for, fulfilled task by task and confirmed (regulation 4.3).
package servicerequest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"opsdesk/internal/authz"
	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/platform/fault"
	"opsdesk/internal/platform/i18n"
	"opsdesk/internal/record"
)

// KindItem is what the trail calls an item of the catalogue.
const KindItem record.Kind = "catalog_item"

// ItemState is where an item stands: whether it can be ordered.
type ItemState string

// The states of an item. An approved item can be ordered while its next
// version is being drafted.
const (
	ItemDraft    ItemState = "draft"
	ItemApproved ItemState = "approved"
	ItemRetired  ItemState = "retired"
)

// DraftState is where the next version of an item stands.
type DraftState string

// The states of a draft.
const (
	NoDraft   DraftState = ""
	Editing   DraftState = "editing"
	Submitted DraftState = "submitted" // waits for another person's approval
)

// ReviewEvery is how long an approved item may go without being looked at
// again (control REQ-05).
const ReviewEvery = 365 * 24 * time.Hour

// Item is one thing that can be ordered. What it says is in its versions: the
// one in force never changes, and requests stay on the one they were made from.
type Item struct {
	ID         uuid.UUID  `db:"id"`
	Version    int        `db:"version"`
	State      ItemState  `db:"state" audit:"state"`
	CategoryID uuid.UUID  `db:"category_id" audit:"category"`
	ServiceID  *uuid.UUID `db:"service_id" audit:"service"`
	NameZh     string     `db:"name_zh" audit:"name_zh"` // of the version in force, or of the first draft
	NameEn     string     `db:"name_en" audit:"name_en"`
	CurrentID  *uuid.UUID `db:"current_id" audit:"current"` // version in force
	CurrentNo  int        `db:"current_no" audit:"current_no"`

	Draft      *Content    `db:"draft"`
	DraftHash  string      `db:"draft_hash" audit:"draft"` // names the draft's content in the trail
	DraftState DraftState  `db:"draft_state" audit:"draft_state"`
	Editors    []uuid.UUID `db:"editors" audit:"editors"` // of the draft; none of them may approve it (S7)
	Remark     string      `db:"remark" audit:"remark"`   // why the draft was sent back

	ReviewAt   *time.Time `db:"review_at" audit:"review_at"`
	ReviewedBy *uuid.UUID `db:"reviewed_by" audit:"reviewed_by"`
	RemindedAt *time.Time `db:"reminded_at"`
	CreatedBy  uuid.UUID  `db:"created_by"`
	CreatedAt  time.Time  `db:"created_at"`
	UpdatedAt  time.Time  `db:"updated_at"`
}

// Ref points at the item.
func (i Item) Ref() record.Ref { return record.Ref{Kind: KindItem, ID: i.ID} }

// CurrentVersion counts the changes to the item, from 1.
func (i Item) CurrentVersion() int { return i.Version }

// Touch notes a change.
func (i *Item) Touch(now time.Time) { i.Version++; i.UpdatedAt = now }

// Facts: an item belongs to its service; its draft to whoever began it.
func (i Item) Facts() authz.Facts {
	f := authz.Facts{CreatedBy: i.CreatedBy}
	if i.ServiceID != nil {
		f.ServiceID = *i.ServiceID
	}
	if len(i.Editors) > 0 {
		f.CreatedBy = i.Editors[0]
	}
	return f
}

// Name is what the item is called for a reader of a language.
func (i Item) Name(lang string) string { return pick(lang, i.NameZh, i.NameEn) }

func pick(lang, zh, en string) string {
	if lang == i18n.English && en != "" || zh == "" {
		return en
	}
	return zh
}

// Content is what one version of an item says.
type Content struct {
	NameZh    string `json:"name_zh" validate:"omitempty,line,max=100"`
	NameEn    string `json:"name_en" validate:"omitempty,line,max=100"`
	SummaryZh string `json:"summary_zh" validate:"omitempty,line,max=200"`
	SummaryEn string `json:"summary_en" validate:"omitempty,line,max=200"`
	TextZh    string `json:"text_zh" validate:"omitempty,text,max=10000"`
	TextEn    string `json:"text_en" validate:"omitempty,text,max=10000"`
	Icon      string `json:"icon" validate:"omitempty,line,max=40"`
	// Picture is an upload of the catalogue's own.
	Picture *uuid.UUID `json:"picture,omitempty"`
	// Days is how many working days fulfilment is expected to take.
	Days int `json:"days" validate:"min=0,max=250"`
	// Price is in hundredths of the company's currency; 0 is none.
	Price int64 `json:"price" validate:"min=0,max=100000000000"`
	// QuotaCount requests per person within QuotaDays; 0 is no limit.
	QuotaCount int `json:"quota_count" validate:"min=0,max=1000"`
	QuotaDays  int `json:"quota_days" validate:"min=0,max=3660"`
	// Impact stands in the priority matrix beside the urgency that the person
	// chooses: 1 high … 3 low.
	Impact int `json:"impact" validate:"min=1,max=3"`
	// Access: the item gives rights, so who approved it does not fulfil it
	// (REQ-03).
	Access bool `json:"access"`
	// Confidential: what is asked for is nobody else's business. Only those who
	// ask, are asked to approve it or work on it see its requests (controls §6).
	Confidential bool `json:"confidential,omitempty"`
	// See and Order say for whom the item is; who may order may see.
	See   Audience `json:"see"`
	Order Audience `json:"order"`

	Steps []Step    `json:"steps"`
	Form  form.Form `json:"form"`
	Tasks []Plan    `json:"tasks"`
}

// Audience is who a thing is for: everybody, or those of some departments
// (with what is below them) and roles.
type Audience struct {
	Everyone    bool            `json:"everyone"`
	Departments []uuid.UUID     `json:"departments"`
	Roles       []identity.Role `json:"roles"`
}

// Includes reports whether a person is in the audience: departments are theirs
// and all above it.
func (a Audience) Includes(departments []uuid.UUID, roles []identity.Role) bool {
	return a.Everyone ||
		slices.ContainsFunc(a.Departments, func(d uuid.UUID) bool { return slices.Contains(departments, d) }) ||
		slices.ContainsFunc(a.Roles, func(r identity.Role) bool { return slices.Contains(roles, r) })
}

// Approver says who is asked in a step.
type Approver string

// Who may be asked: the manager of the requester's department, the owner of
// the item's service, the lead of a team, or people by name.
const (
	ByManager  Approver = "manager"
	ByOwner    Approver = "owner"
	ByTeamLead Approver = "team_lead"
	ByPeople   Approver = "people"
)

// Approvers lists them in the order they are offered.
var Approvers = [...]Approver{ByManager, ByOwner, ByTeamLead, ByPeople}

// Step is one step of approval.
type Step struct {
	From   Approver    `json:"from"`
	TeamID *uuid.UUID  `json:"team_id,omitempty"`
	People []uuid.UUID `json:"people,omitempty"`
	Mode   string      `json:"mode"` // all, any, count, percent
	N      int         `json:"n,omitempty"`
	// When is a condition on the answers; "" always.
	When string `json:"when,omitempty"`
}

// Modes lists how a step is decided, in the order they are offered.
var Modes = [...]string{"any", "all", "count", "percent"}

// Output is what a planned task makes.
type Output string

// The outputs: a task of a team, a report of a fault that is handled as an
// incident of its own, or a change that the team opens and that goes its own way
// through assessment and approval.
const (
	OutputTask     Output = "task"
	OutputIncident Output = "incident"
	OutputChange   Output = "change"
)

// Outputs lists them in the order they are offered.
var Outputs = [...]Output{OutputTask, OutputIncident, OutputChange}

// Plan is one task of fulfilment as it is designed.
type Plan struct {
	Key     string     `json:"key"`
	TitleZh string     `json:"title_zh"`
	TitleEn string     `json:"title_en"`
	Output  Output     `json:"output"`
	TeamID  *uuid.UUID `json:"team_id"`
	// After are the tasks that must have ended before; none: it begins at once.
	After []string `json:"after,omitempty"`
	// Wait: the task ends with the change that it opens, not with its opening.
	Wait bool `json:"wait,omitempty"`
	// When is a condition on the answers; where it does not hold the task is
	// left out. "" always.
	When string `json:"when,omitempty"`
}

// Title is what the task is called for a reader of a language.
func (p Plan) Title(lang string) string { return pick(lang, p.TitleZh, p.TitleEn) }

// Name is what the item is called for a reader of a language.
func (c Content) Name(lang string) string { return pick(lang, c.NameZh, c.NameEn) }

// Summary is the item in one line.
func (c Content) Summary(lang string) string { return pick(lang, c.SummaryZh, c.SummaryEn) }

// Text describes the item.
func (c Content) Text(lang string) string { return pick(lang, c.TextZh, c.TextEn) }

const (
	maxSteps = 10
	maxTasks = 30
)

// price writes hundredths as people read them.
func price(n int64) string {
	if n == 0 {
		return ""
	}
	s := fmt.Sprint(n / 100)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n%100 != 0 {
		s += fmt.Sprintf(".%02d", n%100)
	}
	return s
}

// Hash names the content.
func (c Content) Hash() string {
	b, _ := json.Marshal(c) // plain values always encode
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Check refuses what could not be ordered or fulfilled. Field names are those
// of the content, parts of lists as steps.N and tasks.N.
func (c Content) Check() error {
	out := fault.New(fault.Invalid, "servicerequest.error.incomplete")
	bad := func(name, code string, param ...string) {
		out.Fields = append(out.Fields, fault.Field{Name: name, Code: code, Param: strings.Join(param, "")})
	}
	if strings.TrimSpace(c.NameZh) == "" && strings.TrimSpace(c.NameEn) == "" {
		bad("name_zh", "servicerequest.error.name")
	}
	if !c.Order.Everyone && len(c.Order.Departments) == 0 && len(c.Order.Roles) == 0 {
		bad("order", "servicerequest.error.nobody")
	}
	if (c.QuotaCount == 0) != (c.QuotaDays == 0) {
		bad("quota_count", "servicerequest.error.quota_half")
	}
	if len(c.Tasks) == 0 || len(c.Tasks) > maxTasks {
		bad("tasks", "servicerequest.error.tasks")
	}
	for i := range c.Tasks {
		out.Fields = append(out.Fields, c.CheckTask(i)...)
	}
	if len(c.Steps) > maxSteps {
		bad("steps", "servicerequest.error.steps")
	}
	for i := range c.Steps {
		out.Fields = append(out.Fields, c.CheckStep(i)...)
	}
	if err := c.Form.Check(); err != nil {
		out.Fields = append(out.Fields, fault.Of(err).Fields...)
	}
	if len(out.Fields) > 0 {
		return out
	}
	return nil
}

// CheckTask lists what is wrong with one planned task.
func (c Content) CheckTask(i int) []fault.Field {
	p, at := c.Tasks[i], "tasks."+itoa(i)
	var out []fault.Field
	bad := func(code, param string) { out = append(out, fault.Field{Name: at, Code: code, Param: param}) }
	if strings.TrimSpace(p.TitleZh) == "" && strings.TrimSpace(p.TitleEn) == "" {
		bad("servicerequest.error.task_title", "")
	}
	if p.TeamID == nil && p.Output != OutputIncident {
		bad("servicerequest.error.task_team", "")
	}
	if !slices.Contains(Outputs[:], p.Output) {
		bad("validation.oneof", "")
	}
	if p.Output == OutputChange && c.Confidential {
		bad("servicerequest.error.change_confidential", "") // changes are read by all who work on systems
	}
	// A task follows tasks above it only: so no two wait for each other.
	for _, k := range p.After {
		if j := slices.IndexFunc(c.Tasks, func(x Plan) bool { return x.Key == k }); j < 0 || j >= i {
			bad("servicerequest.error.task_order", k)
		}
	}
	if slices.IndexFunc(c.Tasks, func(x Plan) bool { return x.Key == p.Key }) != i || p.Key == "" {
		bad("servicerequest.error.task_key", p.Key)
	}
	out = append(out, c.checkWhen(at, p.When)...)
	return out
}

// CheckStep lists what is wrong with one step of approval.
func (c Content) CheckStep(i int) []fault.Field {
	s, at := c.Steps[i], "steps."+itoa(i)
	var out []fault.Field
	bad := func(code, param string) { out = append(out, fault.Field{Name: at, Code: code, Param: param}) }
	switch {
	case !slices.Contains(Approvers[:], s.From):
		bad("validation.oneof", "")
	case s.From == ByPeople && len(s.People) == 0:
		bad("servicerequest.error.step_people", "")
	case s.From == ByTeamLead && s.TeamID == nil:
		bad("servicerequest.error.step_team", "")
	}
	switch s.Mode {
	case "all", "any":
	case "count":
		if s.N < 1 || s.From == ByPeople && s.N > len(s.People) {
			bad("servicerequest.error.step_count", itoa(max(1, len(s.People))))
		}
	case "percent":
		if s.N < 1 || s.N > 100 {
			bad("servicerequest.error.step_percent", "")
		}
	default:
		bad("validation.oneof", "")
	}
	out = append(out, c.checkWhen(at, s.When)...)
	return out
}

func (c Content) checkWhen(at, src string) []fault.Field {
	if src == "" {
		return nil
	}
	if _, e := c.Form.CompileFlag(src); e != nil {
		return []fault.Field{{Name: at, Code: e.Code, Param: e.Param}}
	}
	return nil
}

// edit puts a new draft in place of the one there was. A draft that waits for
// approval is being looked at; editing takes it back.
func (i *Item) edit(c Content, by uuid.UUID) error {
	if i.State == ItemRetired {
		return fault.New(fault.Conflict, "servicerequest.error.retired")
	}
	i.Draft, i.DraftHash, i.DraftState, i.Remark = &c, c.Hash(), Editing, ""
	if !slices.Contains(i.Editors, by) {
		i.Editors = append(slices.Clone(i.Editors), by)
	}
	if i.CurrentID == nil {
		i.NameZh, i.NameEn = c.NameZh, c.NameEn
	}
	return nil
}

// submit hands the draft to somebody else for approval.
func (i *Item) submit() error {
	if i.DraftState != Editing || i.Draft == nil {
		return fault.New(fault.Conflict, "servicerequest.error.no_draft")
	}
	if i.ServiceID == nil {
		// Its owner is who approves it.
		return fault.OnField("service_id", "servicerequest.error.service")
	}
	if err := i.Draft.Check(); err != nil {
		return err
	}
	i.DraftState = Submitted
	return nil
}

// approve puts the draft in force as a version. Nobody who worked on it may
// (S7).
func (i *Item) approve(version uuid.UUID, hash string, by uuid.UUID, now time.Time) (Version, error) {
	if i.DraftState != Submitted || i.Draft == nil {
		return Version{}, fault.New(fault.Conflict, "servicerequest.error.not_submitted")
	}
	if slices.Contains(i.Editors, by) {
		return Version{}, fault.New(fault.Forbidden, "servicerequest.error.own_draft")
	}
	if hash != "" && hash != i.DraftHash {
		return Version{}, fault.New(fault.Conflict, "servicerequest.error.draft_changed")
	}
	review := now.Add(ReviewEvery)
	v := Version{ID: version, ItemID: i.ID, No: i.CurrentNo + 1, Content: *i.Draft, Hash: i.DraftHash, Editors: i.Editors, ApprovedBy: by, ApprovedAt: now}
	i.State, i.CurrentID, i.CurrentNo = ItemApproved, &version, v.No
	i.NameZh, i.NameEn = i.Draft.NameZh, i.Draft.NameEn
	i.Draft, i.DraftHash, i.DraftState, i.Editors, i.Remark = nil, "", NoDraft, nil, ""
	i.ReviewAt, i.ReviewedBy, i.RemindedAt = &review, &by, nil
	return v, nil
}

// sendBack returns a draft to those who work on it.
func (i *Item) sendBack(reason string) error {
	if i.DraftState != Submitted {
		return fault.New(fault.Conflict, "servicerequest.error.not_submitted")
	}
	i.DraftState, i.Remark = Editing, reason
	return nil
}

// review notes that the item was looked at and is still right.
func (i *Item) review(by uuid.UUID, now time.Time) error {
	if i.State != ItemApproved {
		return fault.New(fault.Conflict, "servicerequest.error.not_approved")
	}
	next := now.Add(ReviewEvery)
	i.ReviewAt, i.ReviewedBy, i.RemindedAt = &next, &by, nil
	return nil
}

// retire takes the item out of the catalogue. Running requests go on.
func (i *Item) retire() error {
	if i.State == ItemRetired {
		return fault.New(fault.Conflict, "servicerequest.error.retired")
	}
	i.State, i.ReviewAt = ItemRetired, nil
	i.Draft, i.DraftHash, i.DraftState, i.Editors = nil, "", NoDraft, nil
	return nil
}

// restore brings a retired item back: as it was, if it ever was in force.
func (i *Item) restore(now time.Time) error {
	if i.State != ItemRetired {
		return fault.New(fault.Conflict, "servicerequest.error.not_retired")
	}
	if i.CurrentID == nil {
		return fault.New(fault.Conflict, "servicerequest.error.never_approved")
	}
	next := now.Add(ReviewEvery)
	i.State, i.ReviewAt = ItemApproved, &next
	return nil
}

// Version is what an item said from one approval to the next. It never
// changes.
type Version struct {
	ID         uuid.UUID   `db:"id"`
	ItemID     uuid.UUID   `db:"item_id"`
	No         int         `db:"no"`
	Content    Content     `db:"content"`
	Hash       string      `db:"hash"`
	Editors    []uuid.UUID `db:"editors"`
	ApprovedBy uuid.UUID   `db:"approved_by"`
	ApprovedAt time.Time   `db:"approved_at"`
}

// Category groups items.
type Category struct {
	ID        uuid.UUID `db:"id"`
	Version   int       `db:"version"`
	NameZh    string    `db:"name_zh" audit:"name_zh"`
	NameEn    string    `db:"name_en" audit:"name_en"`
	Icon      string    `db:"icon" audit:"icon"`
	Position  int       `db:"position" audit:"position"`
	Active    bool      `db:"active" audit:"active"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

// KindCategory is what the trail calls a category of the catalogue.
const KindCategory record.Kind = "catalog_category"

// Ref points at the category.
func (c Category) Ref() record.Ref { return record.Ref{Kind: KindCategory, ID: c.ID} }

// CurrentVersion counts the changes, from 1.
func (c Category) CurrentVersion() int { return c.Version }

// Touch notes a change.
func (c *Category) Touch(now time.Time) { c.Version++; c.UpdatedAt = now }

// Name is what the category is called for a reader of a language.
func (c Category) Name(lang string) string { return pick(lang, c.NameZh, c.NameEn) }
