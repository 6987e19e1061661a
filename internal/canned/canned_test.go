package canned

import "testing"

func TestFill(t *testing.T) {
	t.Parallel()
	v := map[string]string{"requester": "李雯", "number": "INC-000001", "title": "{number} {{x}}", "service": ""}
	for body, want := range map[string]string{
		"{requester}您好，{number}":          "李雯您好，INC-000001",
		"{title}":                         "{number} {{x}}", // a value is not filled again
		"{service}|{assignee}":            "|",              // nothing there
		"{Requester} {password} {{.x}} {": "{Requester} {password} {{.x}} {",
		"{{number}}":                      "{INC-000001}",
	} {
		if got := Fill(body, v); got != want {
			t.Errorf("%q became %q, want %q", body, got, want)
		}
	}
}

func TestBodyInEitherLanguage(t *testing.T) {
	t.Parallel()
	both, zh, en := Text{BodyZh: "好", BodyEn: "good"}, Text{BodyZh: "好"}, Text{BodyEn: "good"}
	for _, c := range []struct {
		t          Text
		lang, want string
	}{{both, "en", "good"}, {both, "zh-CN", "好"}, {zh, "en", "好"}, {en, "zh-CN", "good"}} {
		if got := c.t.Body(c.lang); got != c.want {
			t.Errorf("%+v in %s: %q", c.t, c.lang, got)
		}
	}
}
