package search

import (
	"strings"
	"testing"

	"opsdesk/internal/platform/dbtest"
)

// finds asks PostgreSQL itself whether a text is found by a question.
func TestWhatIsFoundByWhat(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	g := DefaultGlossary()
	for _, c := range []struct {
		title, text, ask string
		want             bool
	}{
		{"", "三楼打印机卡纸", "打印机", true},
		{"", "三楼打印机卡纸", "打印机卡纸", true}, // four and more characters in a run
		{"", "三楼打印机卡纸", "卡", true},     // a single character
		{"", "三楼打印机卡纸", "纸", true},     // the last of a run
		{"", "三楼打印机卡纸", "印", true},
		{"", "三楼打印机卡纸", "打卡", false},
		{"", "熱力管道检查，力学计算", "熱力学", false}, // its pairs both occur, but apart
		{"", "熱力学", "熱力学", true},
		{"", "请看第一篇文章", "一篇", true},
		{"", "联系文浩坚处理", "文浩坚", true},
		{"", "联系文浩和文坚", "文浩坚", false},
		{"", "铁路12306无法登录", "12306", true},
		{"", "铁路12306无法登录", "铁路12306", true},
		{"", "iPhone无法连接WiFi", "iphone", true},
		{"", "iPhone无法连接WiFi", "无法连接", true},
		{"", "The printer on floor 3 does not print", "printer floor", true},
		{"", "The printer on floor 3 does not print", "prin", true}, // a prefix
		{"", "The printer on floor 3 does not print", "rinter", false},
		{"", "The printer on floor 3 does not print", `"floor 3"`, true},
		{"", "floor 7, room 3", "floor room", true},
		{"", "floor 7, room 3", "floor 3", true},
		{"", "floor 7, room 3", `"floor 3"`, false}, // both occur, but apart
		{"", "3 floor", `"floor 3"`, false},
		{"", "The printer on floor 3", `"printer on floor 3"`, true},
		{"", "The printer on floor 3", `"printer floor 3"`, false},
		{"", "铁路12306无法登录", `"铁路12306"`, true},
		{"", "铁路 12306 无法登录", `"铁路12306无法"`, true}, // a space parts nothing
		{"", "铁路局12306", `"铁路12306"`, false},
		{"", "12306，铁路", `"铁路12306"`, false},
		{"", "A3 纸卡住", `"a3 纸"`, true},
		{"", "纸 A3", `"a3 纸"`, false},
		{"", "用 A3 纸 打印", `"a3 纸 打印"`, true},
		{"", "cannot sign in today", "登录", true},
		{"", "今天无法登录", "sign in", true}, // a term of the glossary with a space
		{"", "今天无法登录", "Sign  in 今天", true},
		{"", "今天无法登录", "sign", false},
		{"", "今天无法登录", "sign out", false},
		{"", "今天无法登录", `"sign in"`, false}, // exact
		{"", "sign here, then go in", "sign in", true},
		{"", "VPN error 0x80070005", "0x80070005", true},
		{"", "mail to li.wei@example.com", "li.wei@example.com", true},
		{"", "Ａ３ 复印机", "a3", true}, // full-width letters
		{"", "服务器宕机", "停机", true},  // synonyms, in the middle of a run too
		{"", "服务器宕机", "down", true},
		{"", "server down since nine", "宕机", true},
		{"", "server down since nine", "停机", true},
		{"", "服务器宕机", "服务器停机", true},
		{"打印机卡纸", "", "dyj", true}, // initials of a title
		{"打印机卡纸", "", "kz", true},
		{"", "打印机卡纸", "dyj", false}, // of titles only
		{"", "it's a \\ test", "it's", true},
		{"", "anything", "' | 'x", false},
		{"", "anything", "!", false},
	} {
		d := Doc{Title: c.title, Texts: []string{c.text}}
		q := Parse(c.ask, g)
		got := false
		if !q.Empty() {
			if err := pool.QueryRow(t.Context(), `SELECT $1::text::tsvector @@ $2::text::tsquery`, d.vector(), q.SQL()).Scan(&got); err != nil {
				t.Errorf("%q asked for %q: %v (%s)", c.text, c.ask, err, q.SQL())
				continue
			}
		}
		if got != c.want {
			t.Errorf("%q %q asked for %q: found %v, want %v (%s)", c.title, c.text, c.ask, got, c.want, q.SQL())
		}
	}
}

// FuzzParse: whatever is typed, PostgreSQL understands the question.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a b", `"x`, `"a 打印 b 机 c"`, "sign in", "'", `\`, "打印机 a:*b", "ﷺ", "\x00", "👩‍👩‍👧", "e\u0301", "!&|()<->"} {
		f.Add(s)
	}
	pool := dbtest.Tx(f)
	f.Fuzz(func(t *testing.T, s string) {
		q := Parse(s, DefaultGlossary())
		if q.Empty() {
			return
		}
		var nodes int
		if err := pool.QueryRow(t.Context(), `SELECT numnode($1::text::tsquery)`, q.SQL()).Scan(&nodes); err != nil || nodes == 0 {
			t.Fatalf("%q became %q: %v", s, q.SQL(), err)
		}
		var terms Terms
		terms.AddTitle(s)
		if err := pool.QueryRow(t.Context(), `SELECT length($1::text::tsvector)`, terms.Vector()).Scan(&nodes); err != nil {
			t.Fatalf("%q became %q: %v", s, terms.Vector(), err)
		}
	})
}

func TestLongTextsStayInBounds(t *testing.T) {
	t.Parallel()
	pool := dbtest.Tx(t)
	d := Doc{Title: strings.Repeat("题", 200), Texts: []string{strings.Repeat("打印机 word ", 50_000), strings.Repeat("x", 100_000)}}
	var n int
	if err := pool.QueryRow(t.Context(), `SELECT length($1::text::tsvector)`, d.vector()).Scan(&n); err != nil || n == 0 {
		t.Fatalf("%d lexemes: %v", n, err)
	}
	if q := Parse(strings.Repeat("很长的问题 ", 1000), nil); strings.Count(q.SQL(), "&") > maxTerms*2 {
		t.Errorf("a question may ask for %d things", strings.Count(q.SQL(), "&"))
	}
}

func TestGlossaryText(t *testing.T) {
	t.Parallel()
	g, bad := ParseGlossary("宕机 = 停机 = down\r\n\r\n打印机＝printer")
	if bad != 0 || g.Text() != "宕机 = 停机 = down\n打印机 = printer" {
		t.Errorf("%q, bad line %d", g.Text(), bad)
	}
	for text, want := range map[string]int{"a = b\nalone": 2, "= \n": 1, strings.Repeat("x", 41) + " = y": 1} {
		if _, bad := ParseGlossary(text); bad != want {
			t.Errorf("%q: bad line %d, want %d", text, bad, want)
		}
	}
}
