// Package people knows who works here and who may do what: accounts, teams,
// departments and roles, how people sign in, and how all of that is
// administered (regulation 3.1, 3.2).
package people

import (
	"strings"
	"time"

	"github.com/google/uuid"
	pinyin "github.com/mozillazg/go-pinyin"

	"opsdesk/internal/authz"
	"opsdesk/internal/identity"
	"opsdesk/internal/record"
)

// The kinds of things this module writes about in the trail. They are not
// records that people work on, so they are not in the register.
const (
	KindPerson     record.Kind = "person"
	KindTeam       record.Kind = "team"
	KindDepartment record.Kind = "department"
	KindSession    record.Kind = "session"
	KindToken      record.Kind = "token"
)

// Person is an account and its profile.
type Person struct {
	ID           uuid.UUID  `db:"id" json:"id"`
	Version      int        `db:"version" json:"version"`
	Username     string     `db:"username" json:"username" audit:"username"`
	Name         string     `db:"name" json:"name" audit:"name"`
	NameEn       string     `db:"name_en" json:"name_en" audit:"name_en"`
	Pinyin       string     `db:"pinyin" json:"-"`
	Email        string     `db:"email" json:"email" audit:"email"`
	Phone        string     `db:"phone" json:"phone" audit:"phone"`
	Title        string     `db:"title" json:"title" audit:"title"`
	Location     string     `db:"location" json:"location" audit:"location"`
	DepartmentID *uuid.UUID `db:"department_id" json:"department_id" audit:"department"`
	Lang         string     `db:"lang" json:"lang" audit:"lang"`
	TimeZone     string     `db:"time_zone" json:"time_zone" audit:"time_zone"`
	Theme        string     `db:"theme" json:"-" audit:"theme"`
	Density      string     `db:"density" json:"-" audit:"density"`
	Shortcuts    bool       `db:"shortcuts" json:"-" audit:"shortcuts"`
	Mail         bool       `db:"mail" json:"mail" audit:"mail"`
	VIP          bool       `db:"vip" json:"vip" audit:"vip"`
	Active       bool       `db:"active" json:"active" audit:"active"`
	Source       string     `db:"source" json:"-" audit:"source"`
	SourceKey    string     `db:"source_key" json:"-" audit:"source_key"`
	CreatedAt    time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt    time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref names the person in the trail.
func (p Person) Ref() record.Ref { return record.Ref{Kind: KindPerson, ID: p.ID} }

// CurrentVersion counts the changes, from 1.
func (p Person) CurrentVersion() int { return p.Version }

// Touch notes a change.
func (p *Person) Touch(now time.Time) { p.Version++; p.UpdatedAt = now }

// Facts: a person owns their own profile.
func (p Person) Facts() authz.Facts { return authz.Facts{RequesterID: p.ID} }

// spell fills in how pickers find the name: full pinyin, then its initials.
func (p *Person) spell() {
	a := pinyin.NewArgs()
	var full, initials strings.Builder
	for _, s := range pinyin.LazyPinyin(p.Name, a) {
		full.WriteString(s)
		initials.WriteByte(s[0])
	}
	p.Pinyin = strings.TrimSpace(full.String() + " " + initials.String())
}

// Team is a group of people who share a queue.
type Team struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"version"`
	NameZh    string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn    string     `db:"name_en" json:"name_en" audit:"name_en"`
	LeadID    *uuid.UUID `db:"lead_id" json:"lead_id" audit:"lead"`
	Email     string     `db:"email" json:"email" audit:"email"`
	Active    bool       `db:"active" json:"active" audit:"active"`
	Source    string     `db:"source" json:"-" audit:"source"`
	SourceKey string     `db:"source_key" json:"-" audit:"source_key"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref names the team in the trail.
func (t Team) Ref() record.Ref { return record.Ref{Kind: KindTeam, ID: t.ID} }

// CurrentVersion counts the changes, from 1.
func (t Team) CurrentVersion() int { return t.Version }

// Touch notes a change.
func (t *Team) Touch(now time.Time) { t.Version++; t.UpdatedAt = now }

// Department is a part of the company; departments are a tree.
type Department struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	Version   int        `db:"version" json:"version"`
	ParentID  *uuid.UUID `db:"parent_id" json:"parent_id" audit:"parent"`
	NameZh    string     `db:"name_zh" json:"name_zh" audit:"name_zh"`
	NameEn    string     `db:"name_en" json:"name_en" audit:"name_en"`
	ManagerID *uuid.UUID `db:"manager_id" json:"manager_id" audit:"manager"`
	Active    bool       `db:"active" json:"active" audit:"active"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`
}

// Ref names the department in the trail.
func (d Department) Ref() record.Ref { return record.Ref{Kind: KindDepartment, ID: d.ID} }

// CurrentVersion counts the changes, from 1.
func (d Department) CurrentVersion() int { return d.Version }

// Touch notes a change.
func (d *Department) Touch(now time.Time) { d.Version++; d.UpdatedAt = now }

// Session is one sign-in of a person, for lists.
type Session struct {
	ID        uuid.UUID `db:"id" json:"id"`
	PersonID  uuid.UUID `db:"person_id" json:"person_id"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	LastSeen  time.Time `db:"last_seen_at" json:"last_seen_at"`
	ExpiresAt time.Time `db:"expires_at" json:"expires_at"`
	IP        string    `db:"ip" json:"ip"`
	UserAgent string    `db:"user_agent" json:"user_agent"`
	Hash      string    `db:"hash" json:"-"` // prefix, to recognise one's own
}

// Token is an API token without its secret.
type Token struct {
	ID        uuid.UUID  `db:"id" json:"id"`
	PersonID  uuid.UUID  `db:"person_id" json:"person_id"`
	Name      string     `db:"name" json:"name"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	ExpiresAt time.Time  `db:"expires_at" json:"expires_at"`
	LastUsed  *time.Time `db:"last_used_at" json:"last_used_at"`
	RevokedAt *time.Time `db:"revoked_at" json:"revoked_at"`
}

// Actions of this module.
const (
	ActionSignIn       authz.Action = "session.sign_in"
	ActionSignOut      authz.Action = "session.sign_out"
	ActionOwn          authz.Action = "session.own"
	ActionEndSession   authz.Action = "session.end"
	ActionCreatePerson authz.Action = "person.create"
	ActionEditPerson   authz.Action = "person.edit"
	ActionEditSelf     authz.Action = "person.edit_self"
	ActionActivate     authz.Action = "person.activate"
	ActionGrant        authz.Action = "role.grant"
	ActionRevoke       authz.Action = "role.revoke"
	ActionReset        authz.Action = "person.reset_credential"
	ActionOrg          authz.Action = "org.change"
	ActionDirectory    authz.Action = "directory.read"
	ActionToken        authz.Action = "token.create"
	ActionPassword     authz.Action = "person.change_password"
)

// Policies says which line of the matrix decides each use case.
func Policies() authz.Policies {
	return authz.Policies{
		ActionSignIn: "session.own", ActionSignOut: "session.own", ActionOwn: "session.own", ActionEndSession: "session.kill",
		ActionCreatePerson: "user.create_disable", ActionActivate: "user.create_disable", ActionEditPerson: "user.edit", ActionEditSelf: "session.own",
		ActionGrant: "role.grant_revoke", ActionRevoke: "role.grant_revoke", ActionReset: "user.reset_credential", ActionOrg: "org.manage",
		ActionDirectory: "directory.read", ActionToken: "token.create_own", ActionPassword: "session.own",
		ActionVIP: "user.mark_vip", ActionHandOver: "work.hand_over",
	}
}

// administrators are the three roles that must never be without a holder.
var administrators = []identity.Role{identity.SystemAdmin, identity.SecurityAdmin, identity.AuditAdmin}
