package journeys_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"opsdesk/internal/apptest"
)

// TestPictures makes the pictures of docs/img: make pictures.
func TestPictures(t *testing.T) {
	dir := os.Getenv("OPSDESK_PICTURES")
	if dir == "" {
		t.Skip("pictures are made on request: make pictures")
	}
	d := apptest.New(t, apptest.Options{})
	for _, p := range []struct {
		name, who, lang, path string
		width                 int64
	}{
		{"queue.en", "engineer", "en", "/incidents", 1440},
		{"queue.zh-CN", "engineer", "zh-CN", "/incidents", 1440},
		{"ticket.en", "engineer", "en", "/incidents/INC-000041", 1440},
		{"ticket.zh-CN.phone", "engineer", "zh-CN", "/incidents/INC-000041", 390},
		{"portal.zh-CN", "staff", "zh-CN", "/", 1440},
		{"report.zh-CN.phone", "staff", "zh-CN", "/incidents/new", 390},
		{"request.en.phone", "staff", "en", "/incidents/INC-000049", 390},
		{"trail.en", "auditor", "en", "/trail", 1440},
		{"settings.en", "lead", "en", "/settings/incidents", 1440},
	} {
		v := visit(t, d, p.lang, p.width)
		v.signIn(p.who)
		v.open(p.path)
		var b []byte
		v.run(chromedp.CaptureScreenshot(&b))
		if err := os.WriteFile(filepath.Join(dir, p.name+".png"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
