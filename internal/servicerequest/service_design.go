package servicerequest

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"opsdesk/internal/form"
	"opsdesk/internal/platform/fault"
)

// AddFieldInput puts a new field at the end of a form.
type AddFieldInput struct {
	Version int       `json:"version"`
	Type    form.Type `json:"type" validate:"required"`
	LabelZh string    `json:"label_zh" validate:"omitempty,line,max=200"`
	LabelEn string    `json:"label_en" validate:"omitempty,line,max=200"`
}

// AddField adds a field and returns its key.
func (s *Service) AddField(ctx context.Context, id uuid.UUID, in AddFieldInput) (Item, string, error) {
	key := ""
	i, err := s.edit(ctx, id, in.Version, in, "add", func(_ *Item, c *Content) error {
		label := in.LabelEn
		if label == "" {
			label = in.LabelZh
		}
		key = c.Form.NewKey(label)
		x := form.Field{Key: key, Type: in.Type, LabelZh: strings.TrimSpace(in.LabelZh), LabelEn: strings.TrimSpace(in.LabelEn)}
		switch in.Type {
		case form.Choice, form.Multi:
			x.Options = []form.Option{{Value: "1", LabelZh: "选项一", LabelEn: "Option 1"}, {Value: "2", LabelZh: "选项二", LabelEn: "Option 2"}}
		case form.Table:
			x.Columns = []form.Column{{Type: form.Text, LabelZh: "列一", LabelEn: "Column 1"}}
		}
		c.Form = form.Form{Fields: append(slices.Clone(c.Form.Fields), x)}
		return fieldFault(c.Form, len(c.Form.Fields)-1)
	})
	return i, key, err
}

// fieldFault is what is wrong with one field, or a form too large.
func fieldFault(f form.Form, i int) error {
	if len(f.Fields) > form.MaxFields {
		return fault.New(fault.Invalid, "form.error.too_many", "param", form.MaxFields)
	}
	if bad := f.CheckField(i); len(bad) > 0 {
		return &fault.Error{Kind: fault.Invalid, Code: "error.invalid", Fields: bad}
	}
	return nil
}

// FieldInput replaces what a field is; its key stays.
type FieldInput struct {
	Version int        `json:"version"`
	Field   form.Field `json:"field"`
}

// SetField changes a field. Conditions of others that no longer hold together
// with it are named.
func (s *Service) SetField(ctx context.Context, id uuid.UUID, key string, in FieldInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "field-"+key, func(_ *Item, c *Content) error {
		at := c.Form.Find(key)
		if at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		in.Field.Key = key
		c.Form = form.Form{Fields: slices.Clone(c.Form.Fields)}
		c.Form.Fields[at] = in.Field
		if err := fieldFault(c.Form, at); err != nil {
			return err
		}
		return stillHolds(*c)
	})
}

// stillHolds refuses a change of the form that breaks a condition elsewhere:
// of another field, a task or a step.
func stillHolds(c Content) error {
	for i, x := range c.Form.Fields {
		for _, bad := range c.Form.CheckField(i) {
			if strings.HasPrefix(bad.Code, "form.error.expr") {
				return fault.New(fault.Conflict, "servicerequest.error.breaks", "name", x.Label("zh-CN"), "key", x.Key)
			}
		}
	}
	for _, t := range c.Tasks {
		if len(c.checkWhen("", t.When)) > 0 {
			return fault.New(fault.Conflict, "servicerequest.error.breaks", "name", t.Title("zh-CN"), "key", t.Key)
		}
	}
	for i, st := range c.Steps {
		if len(c.checkWhen("", st.When)) > 0 {
			return fault.New(fault.Conflict, "servicerequest.error.breaks_step", "n", i+1)
		}
	}
	return nil
}

// MoveInput puts a part of a list at another place, counted from 0.
type MoveInput struct {
	Version int `json:"version"`
	To      int `json:"to"`
}

// MoveField moves a field.
func (s *Service) MoveField(ctx context.Context, id uuid.UUID, key string, in MoveInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "", func(_ *Item, c *Content) error {
		c.Form = c.Form.Move(key, in.To)
		return stillHolds(*c)
	})
}

// RemoveField takes a field away that nothing speaks of.
func (s *Service) RemoveField(ctx context.Context, id uuid.UUID, key string, in StepInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "", func(_ *Item, c *Content) error {
		f, err := c.Form.Remove(key)
		if err != nil {
			return err
		}
		c.Form = f
		return stillHolds(*c)
	})
}

// PlanInput adds a task of fulfilment, or changes the one of Key.
type PlanInput struct {
	Version int  `json:"version"`
	Plan    Plan `json:"plan"`
}

// SetTask adds or changes a planned task.
func (s *Service) SetTask(ctx context.Context, id uuid.UUID, in PlanInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, taskPart(in.Plan.Key), func(_ *Item, c *Content) error {
		c.Tasks = slices.Clone(c.Tasks)
		at := slices.IndexFunc(c.Tasks, func(p Plan) bool { return p.Key == in.Plan.Key })
		if in.Plan.Key == "" {
			in.Plan.Key = c.newTaskKey()
			c.Tasks = append(c.Tasks, in.Plan)
			at = len(c.Tasks) - 1
		} else if at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		c.Tasks[at] = in.Plan
		return listFault(c.CheckTask(at), maxTasks, len(c.Tasks), "servicerequest.error.tasks")
	})
}

func (c Content) newTaskKey() string {
	for n := len(c.Tasks) + 1; ; n++ {
		if k := "t" + itoa(n); !slices.ContainsFunc(c.Tasks, func(p Plan) bool { return p.Key == k }) {
			return k
		}
	}
}

func listFault(bad []fault.Field, most, n int, code string) error {
	if n > most {
		return fault.New(fault.Invalid, code)
	}
	if len(bad) > 0 {
		return &fault.Error{Kind: fault.Invalid, Code: "error.invalid", Fields: bad}
	}
	return nil
}

// MoveTask moves a planned task; what it follows must stay above it.
func (s *Service) MoveTask(ctx context.Context, id uuid.UUID, key string, in MoveInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "", func(_ *Item, c *Content) error {
		at := slices.IndexFunc(c.Tasks, func(p Plan) bool { return p.Key == key })
		if at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		p := c.Tasks[at]
		rest := slices.Delete(slices.Clone(c.Tasks), at, at+1)
		c.Tasks = slices.Insert(rest, max(0, min(in.To, len(rest))), p)
		for i := range c.Tasks {
			if err := listFault(c.CheckTask(i), maxTasks, len(c.Tasks), "servicerequest.error.tasks"); err != nil {
				return fault.New(fault.Conflict, "servicerequest.error.task_moves", "name", c.Tasks[i].Title("zh-CN"))
			}
		}
		return nil
	})
}

// RemoveTask takes a planned task away; those that followed it follow what it
// followed.
func (s *Service) RemoveTask(ctx context.Context, id uuid.UUID, key string, in StepInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "", func(_ *Item, c *Content) error {
		at := slices.IndexFunc(c.Tasks, func(p Plan) bool { return p.Key == key })
		if at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		gone := c.Tasks[at]
		c.Tasks = slices.Delete(slices.Clone(c.Tasks), at, at+1)
		for i := range c.Tasks {
			if n := slices.Index(c.Tasks[i].After, key); n >= 0 {
				after := slices.Delete(slices.Clone(c.Tasks[i].After), n, n+1)
				for _, k := range gone.After {
					if !slices.Contains(after, k) {
						after = append(after, k)
					}
				}
				c.Tasks[i].After = after
			}
		}
		return nil
	})
}

// ApprovalInput adds a step of approval (At < 0), or changes one.
type ApprovalInput struct {
	Version int  `json:"version"`
	At      int  `json:"at"`
	Step    Step `json:"step"`
}

// SetStep adds or changes a step of approval.
func (s *Service) SetStep(ctx context.Context, id uuid.UUID, in ApprovalInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, stepPart(in.At), func(_ *Item, c *Content) error {
		c.Steps = slices.Clone(c.Steps)
		if in.At < 0 {
			c.Steps = append(c.Steps, in.Step)
			in.At = len(c.Steps) - 1
		}
		if in.At >= len(c.Steps) {
			return fault.New(fault.NotFound, "error.not_found")
		}
		c.Steps[in.At] = in.Step
		return listFault(c.CheckStep(in.At), maxSteps, len(c.Steps), "servicerequest.error.steps")
	})
}

// RemoveStep takes a step of approval away.
func (s *Service) RemoveStep(ctx context.Context, id uuid.UUID, at int, in StepInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "", func(_ *Item, c *Content) error {
		if at < 0 || at >= len(c.Steps) {
			return fault.New(fault.NotFound, "error.not_found")
		}
		c.Steps = slices.Delete(slices.Clone(c.Steps), at, at+1)
		return nil
	})
}

// MoveStep moves a step of approval.
func (s *Service) MoveStep(ctx context.Context, id uuid.UUID, at int, in MoveInput) (Item, error) {
	return s.edit(ctx, id, in.Version, in, "", func(_ *Item, c *Content) error {
		if at < 0 || at >= len(c.Steps) {
			return fault.New(fault.NotFound, "error.not_found")
		}
		x := c.Steps[at]
		rest := slices.Delete(slices.Clone(c.Steps), at, at+1)
		c.Steps = slices.Insert(rest, max(0, min(in.To, len(rest))), x)
		return nil
	})
}
