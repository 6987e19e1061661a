package configuration

import "github.com/google/uuid"

// fromExact and toExact are the instants compared, for links that change the
// other one.
func (p diffProps) fromExact() string {
	if p.Diff == nil {
		return ""
	}
	return exact(p.Diff.From)
}

func (p diffProps) toExact() string {
	if p.Diff == nil {
		return ""
	}
	return exact(p.Diff.To)
}

// differing counts the fields that differ.
func (p diffProps) differing() (n int) {
	for _, f := range p.Diff.Fields {
		if f.Changed() {
			n++
		}
	}
	return n
}

// classThen is the class of the later state: a field is called as it was then.
func (p diffProps) classThen() uuid.UUID {
	if id, err := uuid.Parse(text(p.Diff.After.State["class"])); err == nil {
		return id
	}
	return p.ClassID
}
