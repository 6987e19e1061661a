package comment

import (
	"strings"
	"testing"
)

func TestIsThanks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"谢谢": true, "谢谢！": true, "好的，谢谢您～": true, "收到，辛苦了": true, "Thanks!": true, "Thank you very much.": true, "OK, thanks": true,
		"谢谢，但是还是不行": false, "Thanks, but it still fails": false, "还是连不上": false, "": false, "！！": false, "thanks\nIt is back again": false,
	} {
		if got := IsThanks(text); got != want {
			t.Errorf("IsThanks(%q) = %v", text, got)
		}
	}
}

func TestBodyLinksOnlySafeAddresses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"javascript:alert(1)", "data:text/html,x", "jAvAsCrIpT:\tx", "<a href=x onerror=y>", "//evil.example", "https://"} {
		var b strings.Builder
		if err := Body(text).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "<a") {
			t.Errorf("%q became %s", text, b.String())
		}
	}
	var b strings.Builder
	if err := Body("见 https://wiki.example/a?b=1。\n再看 INC-000012\n\n完").Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`href="https://wiki.example/a?b=1"`, `href="/incidents/INC-000012"`, "<br>"} {
		if !strings.Contains(strings.ReplaceAll(b.String(), "<br/>", "<br>"), want) {
			t.Errorf("%s is missing in %s", want, b.String())
		}
	}
}
