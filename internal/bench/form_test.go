package bench_test

import (
	"fmt"
	"testing"
	"time"

	"opsdesk/internal/form"
	"opsdesk/internal/identity"
	"opsdesk/internal/servicerequest"
)

// BenchmarkForm opens an item whose form has sixty fields, half of them with
// conditions: the server has 100 ms for it (issue 4).
func BenchmarkForm(b *testing.B) {
	m := start(b)
	as := func(name string) (identity.Actor, error) {
		ids, err := identity.ByUsername(b.Context(), m.pool, name)
		if err != nil {
			return identity.Actor{}, err
		}
		return identity.LoadActor(b.Context(), m.pool, ids[name], time.Now())
	}
	lead, err := as("lead")
	if err != nil {
		b.Fatal(err)
	}
	owner, err := as("tao.lin")
	if err != nil {
		b.Fatal(err)
	}
	lctx, octx := identity.With(b.Context(), lead), identity.With(b.Context(), owner)
	c := servicerequest.Content{NameEn: "Sixty", Impact: 3, Order: servicerequest.Audience{Everyone: true}}
	for n := range 60 {
		x := form.Field{Key: fmt.Sprintf("q%d", n), Type: form.Types[n%5], LabelEn: fmt.Sprintf("Question %d", n), LabelZh: fmt.Sprintf("问题 %d", n), Options: []form.Option{{Value: "a"}, {Value: "b"}}}
		if n%2 == 1 {
			x.Show, x.RequiredIf, x.Valid = fmt.Sprintf("filled(q%d)", n-1), fmt.Sprintf("filled(q%d) and filled(q0)", n-1), fmt.Sprintf("filled(q%d) or not filled(q0)", n)
		}
		c.Form.Fields = append(c.Form.Fields, x)
	}
	teams, err := identity.Teams(lctx, m.pool)
	if err != nil {
		b.Fatal(err)
	}
	c.Tasks = []servicerequest.Plan{{Key: "t1", TitleEn: "Do it", Output: servicerequest.OutputTask, TeamID: &teams[0].ID}}
	categories, err := m.Requests.Categories(lctx)
	if err != nil {
		b.Fatal(err)
	}
	services, err := m.Requests.Services(lctx)
	if err != nil {
		b.Fatal(err)
	}
	i, err := m.Requests.NewItem(lctx, servicerequest.NewItemInput{CategoryID: categories[0].ID, ServiceID: services[0].ID, NameEn: "Sixty"})
	if err == nil {
		i, err = m.Requests.Replace(lctx, i.ID, servicerequest.ContentInput{Content: c})
	}
	if err == nil {
		i, err = m.Requests.SubmitItem(lctx, i.ID, servicerequest.StepInput{})
	}
	if err == nil {
		_, err = m.Requests.ApproveItem(octx, i.ID, servicerequest.ApproveInput{})
	}
	if err != nil {
		b.Fatal(err)
	}
	v := m.visitor(b, "staff")
	b.ResetTimer()
	for range b.N {
		if err := v.get("/catalogue/" + i.ID.String()); err != nil {
			b.Fatal(err)
		}
	}
	if per := b.Elapsed() / time.Duration(b.N); per > 100*time.Millisecond {
		b.Errorf("a form of sixty fields takes %v", per)
	}
}
