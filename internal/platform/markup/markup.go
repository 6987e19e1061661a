// Package markup is what templates are made with beside templ itself.
package markup

import "errors"

// Text is templ.JoinStringErrs for strings, which most expressions of templates
// are: it takes them as they are. templ's own formats each with fmt, a third of
// all that a page allocates. make generate puts Text in its place; whoever runs
// templ alone gets the same pages. Numbers and the like are not taken: they are
// written in the reader's language.
func Text[T ~string](s T, errs ...error) (string, error) {
	if len(errs) == 0 {
		return string(s), nil
	}
	return string(s), errors.Join(errs...)
}
