package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"opsdesk/internal/platform/fault"
)

// Argon2id parameters (OWASP: 19 MiB, two passes).
const (
	argonTime   = 2
	argonMemory = 19 * 1024 // KiB
	argonSalt   = 16
	argonKey    = 32
)

// Hasher checks and makes password hashes, a few at a time: each takes 19 MiB,
// and a storm of sign-ins must not exhaust the memory.
type Hasher struct{ slots chan struct{} }

// NewHasher returns a hasher for at most n hashes at once.
func NewHasher(n int) *Hasher { return &Hasher{make(chan struct{}, n)} }

// Hash returns the argon2id hash of a password in PHC form.
func (h *Hasher) Hash(password string) string {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, argonKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonTime,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// Check compares a password with a stored hash. An empty hash takes as long as
// a real one and never matches, so that unknown accounts cannot be told apart.
func (h *Hasher) Check(password, hash string) bool {
	known := hash != ""
	if !known {
		hash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	}
	var version, memory, passes int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=1", &version, &memory, &passes); err != nil || version != argon2.Version {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false
	}
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), 1, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && known
}

// The bounds of a password's length, in characters.
const (
	MinPassword = 12
	MaxPassword = 128
)

// common are fragments that make a password easy to guess however it is
// decorated.
var common = []string{"password", "passw0rd", "p@ssw0rd", "qwerty", "asdfgh", "123456", "abc123", "111111", "admin", "welcome", "letmein", "iloveyou", "opsdesk", "company", "woaini", "5201314"}

// CheckPassword applies the policy: 12 to 128 characters, three of four classes
// of characters or a phrase of at least 20, no part of the account's names, no
// common fragment carrying most of it (MLPS 8.1.4.1a, ASVS 6.2).
func CheckPassword(password string, names ...string) error {
	n := utf8.RuneCountInString(password)
	if n < MinPassword {
		return fault.OnField("password", "people.error.password_short", strconv.Itoa(MinPassword))
	}
	if n > MaxPassword {
		return fault.OnField("password", "people.error.password_long", strconv.Itoa(MaxPassword))
	}
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	if n < 20 && lower+upper+digit+other < 3 {
		return fault.OnField("password", "people.error.password_simple")
	}
	low := strings.ToLower(password)
	for _, name := range names {
		for _, part := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(part) >= 3 && strings.Contains(low, part) {
				return fault.OnField("password", "people.error.password_named")
			}
		}
	}
	for _, c := range common {
		if strings.Contains(low, c) && n-len(c) < 8 {
			return fault.OnField("password", "people.error.password_common")
		}
	}
	distinct := map[rune]bool{}
	for _, r := range password {
		distinct[r] = true
	}
	if len(distinct) < 5 {
		return fault.OnField("password", "people.error.password_common")
	}
	return nil
}
