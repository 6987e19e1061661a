package configuration_test

import (
	"net/http"
	"strings"
	"testing"

	"opsdesk/internal/apptest"
	"opsdesk/internal/configuration"
)

type importAnswer struct {
	ID, State string
	Version   int
	Mapping   map[string]string
	BatchID   string         `json:"batch_id"`
	Counts    map[string]int `json:"counts"`
}

// TestImportAPI: a program brings a table in, looks at what it would do, does it
// and takes it back.
func TestImportAPI(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	api := d.API("configmanager")
	const path, csv = "/api/v1/ci-imports", "Name,Serial number,Units\nia-1,SN-IA-1,\nia-2,SN-IA-2,\n"
	send := func(c *apptest.Client, body string) (apptest.Answer, importAnswer) {
		var out importAnswer
		a := c.Do(http.MethodPost, path+"?source=ia&class=server&file_name=a.csv", "text/csv", strings.NewReader(body), "Idempotency-Key", "ia-1")
		if a.Status == http.StatusCreated {
			out.ID = strings.TrimPrefix(a.Header.Get("Location"), path+"/")
		}
		return a, out
	}
	a, begun := send(api, csv)
	if a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if _, again := send(api, csv); again.ID != begun.ID {
		t.Errorf("the same again is %s, not %s", again.ID, begun.ID)
	}
	if a, _ := send(api, csv+"ia-3,SN-IA-3,\n"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("another file under the key: %d", a.Status)
	}
	var imp importAnswer
	if a := api.JSON(http.MethodGet, path+"/"+begun.ID, nil, &imp); a.Status != http.StatusOK || imp.State != "mapping" || len(imp.Counts) != 0 || imp.Mapping["Name"] != "name" {
		t.Fatalf("%d %+v", a.Status, imp)
	}
	mapping := map[string]any{"version": imp.Version, "mapping": map[string]string{"Name": "name", "Serial number": "attributes.serial_number"}}
	if a := api.JSON(http.MethodPut, path+"/"+begun.ID+"/mapping", mapping, &imp); a.Status != http.StatusOK || imp.State != "ready" || imp.Counts["add"] != 2 {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	var rows struct {
		Items []struct{ Action string }
	}
	if a := api.JSON(http.MethodGet, path+"/"+begun.ID+"/rows?action=add&limit=1", nil, &rows); a.Status != http.StatusOK || len(rows.Items) != 1 || rows.Items[0].Action != "add" {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	for range 2 { // sent twice it is done once
		if a := api.JSON(http.MethodPost, path+"/"+begun.ID+"/start", map[string]any{"version": imp.Version}, &imp, "Idempotency-Key", "ia-2"); a.Status != http.StatusOK || imp.State != "started" {
			t.Fatalf("%d %s", a.Status, a.Text())
		}
	}
	d.Drain()
	var job struct {
		State           string
		Succeeded, Done int
	}
	if api.JSON(http.MethodGet, "/api/v1/jobs/"+imp.BatchID, nil, &job); job.State != "done" || job.Succeeded != 2 {
		t.Errorf("%+v", job)
	}
	one(t, d, "SN-IA-1")
	if a := api.JSON(http.MethodPost, path+"/"+begun.ID+"/undo", nil, &job); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	d.Drain()
	if i := one(t, d, "ia-1"); i.Lifecycle != configuration.Disposed {
		t.Errorf("taken back it is %s", i.Lifecycle)
	}
	if a := api.JSON(http.MethodPost, path+"/"+begun.ID+"/undo", nil, nil); a.Status != http.StatusConflict {
		t.Errorf("taken back twice: %d", a.Status)
	}
	if a, _ := send(d.API("engineer"), csv); a.Status != http.StatusForbidden {
		t.Errorf("an engineer: %d", a.Status)
	}
}

func TestAgentTokenAPI(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	api := d.API("configmanager")
	const path = "/api/v1/ci-agent-tokens"
	var made struct{ ID, Secret string }
	if a := api.JSON(http.MethodPost, path, map[string]string{"name": "branch"}, &made); a.Status != http.StatusCreated || made.Secret == "" {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	if _, err := d.Configuration.Agent(t.Context(), made.Secret); err != nil {
		t.Errorf("the secret is worth nothing: %v", err)
	}
	if a := api.Get(path); strings.Contains(a.Text(), made.Secret) || !strings.Contains(a.Text(), made.ID) {
		t.Error("the list shows the secret, or lacks the token")
	}
	for range 2 {
		if a := api.JSON(http.MethodDelete, path+"/"+made.ID, nil, nil); a.Status != http.StatusNoContent {
			t.Errorf("%d", a.Status)
		}
	}
	var acts int
	if err := d.Pool.QueryRow(t.Context(), `SELECT count(*) FROM trail_entries WHERE record_id = $1 AND diff LIKE '%revoked%'`, made.ID).Scan(&acts); err != nil || acts != 1 {
		t.Errorf("revoked twice, it stands in the trail %d times (%v)", acts, err)
	}
	if _, err := d.Configuration.Agent(t.Context(), made.Secret); err == nil {
		t.Error("a revoked token is in force")
	}
	if a := api.JSON(http.MethodDelete, path+"/00000000-0000-0000-0000-000000000001", nil, nil); a.Status != http.StatusNotFound {
		t.Errorf("no such token: %d", a.Status)
	}
	if a := d.API("engineer").Get(path); a.Status != http.StatusForbidden {
		t.Errorf("an engineer: %d", a.Status)
	}
}
