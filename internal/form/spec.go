package form

import "encoding/json"

// specField is what the browser needs to know of a field.
type specField struct {
	Key      string `json:"k"`
	Type     Type   `json:"t"`
	Required bool   `json:"q,omitempty"`
	Show     *Node  `json:"s,omitempty"`
	If       *Node  `json:"r,omitempty"`
	Valid    *Node  `json:"v,omitempty"`
}

// Spec is the form's conditions for form.js, as JSON: small trees of checked
// operations, never text that would have to be run.
func (f Form) Spec(today string) string {
	fields := make([]specField, 0, len(f.Fields))
	for _, x := range f.Fields {
		fields = append(fields, specField{x.Key, x.Type, x.Required, f.tree(x.Show), f.tree(x.RequiredIf), f.tree(x.Valid)})
	}
	b, _ := json.Marshal(map[string]any{"today": today, "fields": fields}) // texts, numbers and lists always encode
	return string(b)
}

// tree is a condition for the browser; one that no check would let through is
// none, as it is for State.
func (f Form) tree(src string) *Node {
	if src == "" {
		return nil
	}
	n, err := f.compile(src)
	if err != nil {
		return nil
	}
	return n
}
