// Package sheet writes rows of texts as a file for spreadsheets.
package sheet

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Sheet takes rows; each format is one. No cell of it is taken for a formula.
type Sheet interface {
	// Row adds a row and leaves the cells given as they are.
	Row(cells ...string) error
	// Flush sends what can be sent already.
	Flush() error
	// Close completes the file.
	Close() error
}

// New returns a sheet in a format: xlsx, or CSV for any other.
func New(format string, w io.Writer) Sheet {
	if format == "xlsx" {
		return newBook(w)
	}
	return CSV(w)
}

// CSV returns a sheet as RFC 4180 has it, in UTF-8 that spreadsheets recognise.
func CSV(w io.Writer) Sheet {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	_, err := io.WriteString(w, "\ufeff")
	return &table{c, err}
}

type table struct {
	c    *csv.Writer
	fail error
}

func (t *table) Row(cells ...string) error {
	if t.fail != nil {
		return t.fail
	}
	row := make([]string, len(cells))
	for n, c := range cells {
		row[n] = harmless(c)
	}
	return t.c.Write(row)
}

func (t *table) Flush() error {
	t.c.Flush()
	return t.c.Error()
}

func (t *table) Close() error {
	if t.fail != nil {
		return t.fail
	}
	return t.Flush()
}

// harmless keeps a spreadsheet from taking a text for a formula (OWASP, CSV
// injection).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// book is an XLSX file. Its cells are texts, never formulas.
type book struct {
	w    io.Writer
	f    *excelize.File
	s    *excelize.StreamWriter
	n    int
	fail error
}

func newBook(w io.Writer) *book {
	f := excelize.NewFile()
	s, err := f.NewStreamWriter("Sheet1")
	return &book{w: w, f: f, s: s, fail: err}
}

func (b *book) Row(cells ...string) error {
	if b.fail != nil {
		return b.fail
	}
	b.n++
	values := make([]any, len(cells))
	for n, c := range cells {
		values[n] = printable(c)
	}
	cell, err := excelize.CoordinatesToCellName(1, b.n)
	if err != nil {
		return err
	}
	return b.s.SetRow(cell, values)
}

// printable drops what XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}

// Flush does nothing: a book is written whole.
func (b *book) Flush() error { return b.fail }

func (b *book) Close() error {
	if b.fail != nil {
		return b.fail
	}
	if err := b.s.Flush(); err != nil {
		return err
	}
	if _, err := b.f.WriteTo(b.w); err != nil {
		return err
	}
	return b.f.Close()
}
