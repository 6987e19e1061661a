// Package validate checks `validate` tags and reports fields by message key.
package validate

import (
	"errors"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"

	"opsdesk/internal/platform/fault"
)

// v is built once and never changed afterwards; the validator caches struct
// metadata and is safe for concurrent use.
var v = build()

func build() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		return strings.Split(f.Tag.Get("json"), ",")[0]
	})
	for tag, fn := range map[string]validator.Func{"text": isText, "line": isLine, "notblank": notBlank} {
		if err := v.RegisterValidation(tag, fn); err != nil {
			panic(err) // a tag of our own that the library refuses is a bug
		}
	}
	return v
}

// isText accepts what the database can store and a page can show: valid UTF-8
// without NUL.
func isText(f validator.FieldLevel) bool {
	s := f.Field().String()
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// isLine is isText without line breaks and other control characters, for
// values that end up in headers, file names and mail subjects.
func isLine(f validator.FieldLevel) bool {
	return isText(f) && strings.IndexFunc(f.Field().String(), unicode.IsControl) < 0
}

// notBlank refuses a string that shows nothing: only spaces, or only
// characters without a shape of their own.
func notBlank(f validator.FieldLevel) bool {
	return strings.IndexFunc(f.Field().String(), func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r)
	}) >= 0
}

// Struct returns nil or a fault.Invalid listing every bad field with the
// message key validation.<tag>. A required string must not be blank.
func Struct(in any) error {
	if in == nil {
		return nil
	}
	rv := reflect.Indirect(reflect.ValueOf(in))
	if rv.Kind() != reflect.Struct {
		return nil
	}
	err := v.Struct(in)
	if err == nil {
		return nil
	}
	var ves validator.ValidationErrors
	if !errors.As(err, &ves) {
		return err
	}
	f := fault.New(fault.Invalid, "error.invalid")
	for _, ve := range ves {
		code := ve.Tag()
		if code == "notblank" || strings.HasPrefix(code, "required") {
			code = "required"
		}
		f.Fields = append(f.Fields, fault.Field{Name: ve.Field(), Code: "validation." + code, Param: ve.Param()})
	}
	return f
}
