package identity

import (
	"strings"
	"testing"

	"opsdesk/internal/platform/fault"
)

func TestHasher(t *testing.T) {
	t.Parallel()
	h := NewHasher(2)
	hash := h.Hash("correct horse 电池 staple")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error(hash)
	}
	if !h.Check("correct horse 电池 staple", hash) || h.Check("correct horse 电池 staplf", hash) || h.Check("", hash) {
		t.Error("the hash does not tell passwords apart")
	}
	for _, bad := range []string{"", "$2a$10$abc", "$argon2id$v=19$m=1,t=1,p=1$!!$!!", "plain"} {
		if h.Check("", bad) || h.Check("plain", bad) {
			t.Errorf("%q matches", bad)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	for pass, want := range map[string]string{
		"Tr0ub4dor&3x":                   "",
		"Aa1!Aa1!Aa1":                    "people.error.password_short",
		strings.Repeat("Ab3$ef", 22):     "people.error.password_long",
		"abcdefghijklmn":                 "people.error.password_simple",
		"all lower case but a long one":  "",
		strings.Repeat("电池马正确订书机", 8):    "",
		"Wanglei-2026-ok":                "people.error.password_named",
		"Passw0rd-2026":                  "people.error.password_common",
		"Company2026!":                   "people.error.password_common",
		"aA1!aA1!aA1!aA1!":               "people.error.password_common",
		strings.Repeat("x", 20) + "Yz9!": "",
	} {
		got := ""
		if err := CheckPassword(pass, "wanglei", "王磊"); err != nil {
			got = fault.Of(err).Fields[0].Code
		}
		if got != want {
			t.Errorf("%q: %q, want %q", pass, got, want)
		}
	}
}
