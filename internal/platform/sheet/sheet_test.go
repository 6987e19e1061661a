package sheet_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"opsdesk/internal/platform/sheet"
)

func TestCSV(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := sheet.CSV(&b)
	cells := []string{"=1+1", "＝1", "-2", "@x", "\tx", "a,b", "plain"}
	if err := errors.Join(s.Row(cells...), s.Flush(), s.Row(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if want := "\ufeff'=1+1,'＝1,'-2,'@x,'\tx,\"a,b\",plain\r\n\r\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	if cells[0] != "=1+1" {
		t.Error("the cells that were given are changed")
	}
	if s := sheet.CSV(broken{}); s.Row("x") == nil || s.Close() == nil {
		t.Error("what cannot be written is lost silently")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestXLSX(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := sheet.New("xlsx", &b)
	if err := errors.Join(s.Row("number", "title"), s.Row("1", "=1+1\x00"), s.Flush(), s.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("Sheet1")
	if err != nil || len(rows) != 2 || !slices.Equal(rows[1], []string{"1", "=1+1"}) {
		t.Errorf("%v %v", rows, err)
	}
	if formula, err := f.GetCellFormula("Sheet1", "B2"); err != nil || formula != "" {
		t.Errorf("a text became the formula %q (%v)", formula, err)
	}
}
