package queue

import (
	"bufio"
	"encoding/csv"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// sheet takes rows; each format is one.
type sheet interface {
	row(cells []string) error
	close() error
}

func newSheet(format string, w io.Writer) sheet {
	if format == "xlsx" {
		return newBook(w)
	}
	b := bufio.NewWriter(w)
	_, _ = b.WriteString("\ufeff") // for spreadsheets; an error comes back with the flush
	c := csv.NewWriter(b)
	c.UseCRLF = true
	return &csvSheet{b, c}
}

type csvSheet struct {
	b *bufio.Writer
	c *csv.Writer
}

func (s *csvSheet) row(cells []string) error {
	for n := range cells {
		cells[n] = harmless(cells[n])
	}
	return s.c.Write(cells)
}

func (s *csvSheet) close() error {
	s.c.Flush()
	if err := s.c.Error(); err != nil {
		return err
	}
	return s.b.Flush()
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

func (b *book) row(cells []string) error {
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

func (b *book) close() error {
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
