package change_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"opsdesk/internal/change"
	"opsdesk/internal/platform/fault"
)

// Files are evidence as words are: bound to the run of the test by name and
// hash, a part of what is approved, shown on the page and the form for print.
func TestEvidenceFiles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: plan(t, d.Desk)}))
	d.must(d.Changes.Submit(d.As("engineer2"), c.ID, change.StepInput{}))
	d.must(d.Changes.Assess(d.As("lead"), c.ID, change.AssessInput{Answers: []int{2, 2, 1, 2, 2, 1}}))
	test := func(evidence string, files ...uuid.UUID) (change.Change, error) {
		return d.Changes.Test(d.As("lead"), c.ID, change.TestInput{Result: change.Passed, Evidence: evidence, Files: files})
	}
	if _, err := test(" \n"); !names(err, "change.error.no_evidence") {
		t.Errorf("passed without evidence: %v", err)
	}
	save := func(who, name, body string) uuid.UUID {
		t.Helper()
		var out struct {
			ID uuid.UUID `json:"id"`
		}
		a := d.API(who).Do("POST", "/api/v1/attachments?name="+name, "text/plain", strings.NewReader(body))
		if err := json.Unmarshal([]byte(a.Text()), &out); err != nil {
			t.Fatal(a.Status, a.Text())
		}
		return out.ID
	}
	log := save("lead", "boot.log", "all neighbours are up")
	if _, err := test("", save("staff", "other.log", "not theirs")); !fault.Is(err, fault.Invalid) {
		t.Errorf("somebody else's upload was taken: %v", err)
	}
	c = d.must(test("", log))
	if !c.Tested() || len(c.TestFiles) != 1 || c.TestFiles[0].Name != "boot.log" || len(c.TestFiles[0].SHA256) != 64 {
		t.Fatalf("%+v", c.TestFiles)
	}
	hash := c.Hash()
	c.TestFiles[0].SHA256 = strings.Repeat("0", 64)
	if c.Hash() == hash {
		t.Error("another file is the same plan")
	}
	for _, path := range []string{"/changes/" + c.Label(), "/changes/" + c.Label() + "/paper"} {
		if page := d.Client("lead").Get(path); page.Status != 200 || !strings.Contains(page.Text(), "boot.log") {
			t.Errorf("%s does not list the file: %d", path, page.Status)
		}
	}
	if c = d.must(d.Changes.Ask(d.As("engineer2"), c.ID, change.StepInput{})); c.State != change.Reviewing {
		t.Errorf("evidence in files is not enough: %s", c.State)
	}

	// The next run has its own evidence, of which an earlier file may be one.
	x := d.must(d.Changes.Create(d.As("engineer2"), change.CreateInput{Type: change.Normal, Plan: plan(t, d.Desk)}))
	d.must(d.Changes.Submit(d.As("engineer2"), x.ID, change.StepInput{}))
	d.must(d.Changes.Assess(d.As("lead"), x.ID, change.AssessInput{Answers: []int{2, 2, 1, 2, 2, 1}}))
	c = x
	first := save("lead", "first.log", "a")
	d.must(test("", first))
	if c = d.must(test("", first, save("lead", "second.log", "b"))); len(c.TestFiles) != 2 {
		t.Errorf("%+v", c.TestFiles)
	}
	if c = d.must(test("in words")); len(c.TestFiles) != 0 || !c.Tested() {
		t.Errorf("files of an earlier run stayed: %+v", c.TestFiles)
	}
}
