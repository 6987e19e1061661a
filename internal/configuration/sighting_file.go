package configuration

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"opsdesk/internal/platform/fault"
)

// Bounds of a file that is brought in.
const (
	MaxFile    = 32 << 20
	maxRows    = 50000
	maxColumns = 200
	maxCell    = 4000
)

// table reads a CSV or XLSX file: the names of its columns, and its rows.
func table(body []byte) (columns []string, rows [][]string, err error) {
	if bytes.HasPrefix(body, []byte("PK\x03\x04")) {
		rows, err = firstSheet(body)
	} else {
		rows, err = separated(body)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(rows) < 2 {
		return nil, nil, fault.OnField("file", "configuration.error.no_rows")
	}
	if len(rows) > maxRows+1 || len(rows[0]) > maxColumns {
		return nil, nil, fault.OnField("file", "configuration.error.too_many_rows")
	}
	for _, r := range rows {
		for n := range r {
			r[n] = cell(r[n])
		}
	}
	return rows[0], rows[1:], nil
}

// cell is a value as text can be kept: valid, without NUL, not too long.
func cell(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", ""))
	if r := []rune(s); len(r) > maxCell {
		s = string(r[:maxCell])
	}
	return s
}

func firstSheet(body []byte) ([][]string, error) {
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{UnzipSizeLimit: 256 << 20, UnzipXMLSizeLimit: 64 << 20})
	if err != nil {
		return nil, fault.OnField("file", "configuration.error.file")
	}
	defer f.Close() //nolint:errcheck // nothing was written
	names := f.GetSheetList()
	if len(names) == 0 {
		return nil, fault.OnField("file", "configuration.error.no_rows")
	}
	rows, err := f.GetRows(names[0])
	if err != nil {
		return nil, fault.OnField("file", "configuration.error.file")
	}
	return rows, nil
}

func separated(body []byte) ([][]string, error) {
	if !utf8.Valid(body) {
		if decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(body); err == nil {
			body = decoded
		}
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	first, _, _ := bytes.Cut(body, []byte("\n"))
	for _, c := range []rune{';', '\t'} {
		if strings.Count(string(first), string(c)) > strings.Count(string(first), string(r.Comma)) {
			r.Comma = c
		}
	}
	var out [][]string
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil || len(out) > maxRows+1 {
			return nil, fault.OnField("file", "configuration.error.file")
		}
		if strings.TrimSpace(strings.Join(row, "")) != "" {
			out = append(out, row)
		}
	}
}

// guess proposes a field for each column: by its own name, or by what such
// columns are often called.
func (m Model) guess(class Class, columns []string) map[string]string {
	out := map[string]string{}
	taken := map[string]bool{}
	for _, c := range columns {
		f := m.fieldCalled(class, c)
		if f != "" && !taken[f] {
			out[c], taken[f] = f, true
		}
	}
	return out
}

var columnWords = map[string]string{
	"hostname": "name", "主机名": "name", "名称": "name", "设备名称": "name", "serial": "attributes.serial_number", "sn": "attributes.serial_number", "s/n": "attributes.serial_number",
	"序列号": "attributes.serial_number", "ip": "attributes.ip", "ip address": "attributes.ip", "ip地址": "attributes.ip", "mac地址": "attributes.mac", "mac address": "attributes.mac",
	"vendor": "attributes.manufacturer", "厂商": "attributes.manufacturer", "品牌": "attributes.manufacturer", "site": "location", "place": "location", "位置": "location", "地点": "location",
	"责任人": "owner", "负责人": "owner", "owner": "owner", "部门": "department", "服务": "service", "状态": "lifecycle", "status": "lifecycle", "保修到期": "warranty_until", "warranty": "warranty_until",
	"资产编号": "attributes.asset_tag", "asset": "attributes.asset_tag", "供应商": "supplier", "说明": "description", "备注": "description", "id": "key",
}

func (m Model) fieldCalled(class Class, column string) string {
	c := strings.ToLower(strings.TrimSpace(column))
	under := strings.NewReplacer(" ", "_", "-", "_").Replace(c)
	for _, f := range append([]string{"key"}, sourceFields...) {
		if under == f {
			return f
		}
	}
	for _, a := range m.Attributes(class.ID) {
		if under == a.Key || c == strings.ToLower(a.NameEn) || c == a.NameZh {
			return "attributes." + a.Key
		}
	}
	f := columnWords[c]
	if k, ok := attributeOf(f); ok {
		if _, ok := m.Attribute(class.ID, k); !ok {
			return ""
		}
	}
	return f
}

// lifecycleCalled reads a place of life as people write it.
func lifecycleCalled(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if v, ok := lifeWords[s]; ok {
		return v
	}
	return s
}

var lifeWords = map[string]string{
	"active": "production", "in use": "production", "在用": "production", "使用中": "production", "运行": "production", "live": "production", "规划": "planned", "已订购": "ordered", "库存": "stock",
	"in stock": "stock", "spare": "stock", "备用": "stock", "inventory": "stock", "准备": "staging", "staged": "staging", "维护": "maintenance", "维修": "maintenance", "退役": "retired", "decommissioned": "retired",
	"decommissioning": "retired", "报废": "disposed", "已处置": "disposed", "scrapped": "disposed",
}
