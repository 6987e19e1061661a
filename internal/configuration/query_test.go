package configuration_test

import (
	"net/http"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
)

// TestNumbersOfAddresses: a number that is none, or out of its bounds, is a
// fault and never taken for another.
func TestNumbersOfAddresses(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	i := enter(t, d, "server", "qn-1", nil)
	b := baseline(t, d, configuration.BaselineInput{ScopeInput: configuration.ScopeInput{By: "items", Items: []string{i.Label()}}})
	item, base := "/configuration/"+i.Label(), "/configuration/baselines/"+b.ID.String()
	diff := "/api/v1/ci-baselines/" + b.ID.String() + "/diff"
	for c, list := range map[*apptest.Client][]string{
		d.Client("configmanager"): {item + "/history?below=0", item + "/history?below=x", item + "/impact?depth=0", base + "?after=-1", base + "?relations_after=x"},
		d.API("configmanager"):    {diff + "?limit=201", diff + "?limit=x", diff + "?after=-1"},
	} {
		for _, address := range list {
			if a := c.Get(address); a.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", address, a.Status)
			}
		}
	}
	for _, address := range []string{item + "/history?below=2", item + "/impact?depth=2", base + "?after=1"} {
		if a := d.Client("configmanager").Get(address); a.Status != http.StatusOK {
			t.Errorf("%s: %d", address, a.Status)
		}
	}
	if a := d.API("configmanager").Get(diff + "?limit=200"); a.Status != http.StatusOK {
		t.Errorf("the largest page: %d", a.Status)
	}
}
