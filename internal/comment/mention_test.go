package comment

import (
	"strings"
	"testing"
)

func TestWhomATextCalls(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"@wanglei please look":      "wanglei",
		"请@wanglei看一下":              "wanglei",
		"ask @he.ming.":             "he.ming",
		"ask (@he-ming), @qian_fei": "he-ming qian_fei",
		"mail li.wei@example.com":   "",
		"a @ b":                     "",
		"@":                         "",
		"＠王磊请看":                     "王磊请看|王磊请|王磊",
		"@王 x":                      "",
		"@王磊 @陈思远":                  "王磊 陈思远|陈思",
		"@@wanglei":                 "wanglei",
		"@王磊wanglei":                "王磊",
		strings.Repeat("@a ", 500):  strings.TrimSpace(strings.Repeat("a ", maxMentions)),
	} {
		var got []string
		for _, c := range calls(text) {
			got = append(got, strings.Join(c.names, "|"))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q calls %q, want %q", text, s, want)
		}
	}
}

func TestMentionsAreMarked(t *testing.T) {
	t.Parallel()
	names := map[string]string{"wanglei": "王磊", "王磊": "王磊"}
	for text, want := range map[string]string{
		"请@wanglei看":  "请[@王磊]看",
		"@王磊请看":       "[@王磊]请看",
		"＠王磊":         "[@王磊]",
		"@nobody a@b": "@nobody a@b",
		"":            "",
	} {
		var got strings.Builder
		for _, s := range mentions(text, names) {
			if s.Mention {
				got.WriteString("[" + s.Text + "]")
			} else {
				got.WriteString(s.Text)
			}
		}
		if got.String() != want {
			t.Errorf("%q is shown as %q, want %q", text, got.String(), want)
		}
	}
}
