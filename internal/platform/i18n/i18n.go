// Package i18n looks up messages by key in the language of the reader. A
// message without placeholders is a map lookup, one with plain ones is put
// together from its pieces; the others go through go-i18n, which knows templates
// and the plural rules of each language.
package i18n

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"sort"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// The languages of the product, as they stand in <html lang> and the cookie.
const (
	Chinese = "zh-CN"
	English = "en"
)

// Languages lists every supported language, the default first.
var Languages = [...]string{Chinese, English}

// Catalog holds the messages of every module by language and key. It is filled
// while the desk is wired and read-only afterwards.
type Catalog struct {
	bundle *goi18n.Bundle
	langs  map[string]*Messages
}

// Messages are the texts of one language.
type Messages struct {
	Lang string
	cut  map[string]pieces // texts without placeholders, or with plain ones, and one form
	all  map[string]*goi18n.Message
	loc  *goi18n.Localizer
}

// New returns an empty catalog of the product's languages.
func New() *Catalog {
	c := &Catalog{bundle: goi18n.NewBundle(language.SimplifiedChinese), langs: map[string]*Messages{}}
	for _, l := range Languages {
		c.langs[l] = &Messages{Lang: l, cut: map[string]pieces{}, all: map[string]*goi18n.Message{}, loc: goi18n.NewLocalizer(c.bundle, l)}
	}
	return c
}

// Add reads messages/<lang>.json of one package: key → text, or key → {"one":
// …, "other": …} where the count decides. A key may be defined once only.
func (c *Catalog) Add(fsys fs.FS) error {
	for _, lang := range Languages {
		b, err := fs.ReadFile(fsys, path.Join("messages", lang+".json"))
		if err != nil {
			return fmt.Errorf("messages of %s: %w", lang, err)
		}
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(b, &raw); err != nil {
			return fmt.Errorf("messages of %s: %w", lang, err)
		}
		tag := language.MustParse(lang)
		m := c.langs[lang]
		for k, v := range raw {
			msg := &goi18n.Message{ID: k}
			var forms map[string]string
			if json.Unmarshal(v, &msg.Other) != nil {
				if err := json.Unmarshal(v, &forms); err != nil {
					return fmt.Errorf("%s %s: %w", lang, k, err)
				}
				msg.One, msg.Other = forms["one"], forms["other"]
			}
			if _, dup := m.all[k]; dup {
				return fmt.Errorf("%s: message %q is defined twice", lang, k)
			}
			m.all[k] = msg
			if p, ok := cutUp(msg.Other); ok && msg.One == "" {
				m.cut[k] = p
				continue
			}
			if err := c.bundle.AddMessages(tag, msg); err != nil {
				return fmt.Errorf("%s %s: %w", lang, k, err)
			}
		}
	}
	return nil
}

// Keys lists every key of one language, sorted.
func (c *Catalog) Keys(lang string) []string {
	var out []string
	for k := range c.langs[lang].all {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Source is the raw text of a key, plural forms joined, for tests and for
// translators.
func (c *Catalog) Source(lang, key string) string {
	if m := c.langs[lang].all[key]; m != nil {
		return m.One + m.Other
	}
	return ""
}

// In returns the messages of lang, or of the default language.
func (c *Catalog) In(lang string) *Messages {
	if m, ok := c.langs[lang]; ok {
		return m
	}
	return c.langs[Languages[0]]
}

// Has reports whether k is a known message.
func (m *Messages) Has(k string) bool { _, ok := m.all[k]; return ok }

// T returns the message for k, or k itself so that a gap is visible. args are
// name, value pairs; a pair named "count" also chooses the plural form.
func (m *Messages) T(k string, args ...any) string {
	if p, ok := m.cut[k]; ok {
		return p.join(args)
	}
	if _, ok := m.all[k]; !ok {
		return k
	}
	data := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	cfg := &goi18n.LocalizeConfig{MessageID: k, TemplateData: data}
	if n, ok := data["count"]; ok {
		cfg.PluralCount = n
	}
	s, err := m.loc.Localize(cfg)
	if err != nil {
		return k
	}
	return s
}

type key struct{}

// With gives ctx the messages of lang.
func (c *Catalog) With(ctx context.Context, lang string) context.Context {
	return context.WithValue(ctx, key{}, c.In(lang))
}

// From returns the messages of ctx, or nil where none were set.
func From(ctx context.Context) *Messages {
	m, _ := ctx.Value(key{}).(*Messages)
	return m
}

// Lang is the language of ctx.
func Lang(ctx context.Context) string {
	if m := From(ctx); m != nil {
		return m.Lang
	}
	return Languages[0]
}

// T looks k up in the language of ctx; see Messages.T.
func T(ctx context.Context, k string, args ...any) string {
	m := From(ctx)
	if m == nil {
		return k
	}
	return m.T(k, args...)
}

// Pick returns the one of two stored names that suits the reader, and the
// other one where it is empty.
func Pick(ctx context.Context, zh, en string) string {
	if Lang(ctx) == English && en != "" || zh == "" {
		return en
	}
	return zh
}

// Negotiate chooses the language of a request: the person's own choice, else
// the lang cookie, else Accept-Language, else the default.
func Negotiate(r *http.Request, chosen string) string {
	for _, l := range Languages {
		if chosen == l {
			return l
		}
	}
	if c, err := r.Cookie("lang"); err == nil {
		for _, l := range Languages {
			if c.Value == l {
				return l
			}
		}
	}
	if h := r.Header.Get("Accept-Language"); h != "" {
		tags, _, _ := language.ParseAcceptLanguage(h)
		_, i, conf := matcher.Match(tags...)
		if conf != language.No {
			return Languages[i]
		}
	}
	return Languages[0]
}

var matcher = language.NewMatcher([]language.Tag{language.SimplifiedChinese, language.English})
