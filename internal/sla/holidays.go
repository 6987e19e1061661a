package sla

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// holidays are the notices of China's State Council as holiday-cn tells them
// (MIT, see data/holidays/LICENSE). They seed the first calendars; later years
// are imported by an administrator.
//
//go:embed data/holidays/*.json
var holidays embed.FS

// SeedDays are the public holidays and make-up working days of China that came
// with the program.
func SeedDays() (map[string]Special, error) {
	names, err := fs.Glob(holidays, "data/holidays/*.json")
	if err != nil {
		return nil, err
	}
	out := map[string]Special{}
	for _, n := range names {
		b, err := holidays.ReadFile(n)
		if err != nil {
			return nil, err
		}
		days, err := ParseHolidayCN(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		for d, s := range days {
			out[d] = s
		}
	}
	return out, nil
}

// maxImport bounds how many days one import may bring.
const maxImport = 4000

// ParseHolidayCN reads a year of holiday-cn: each day with its name, and
// whether it is off or makes up for one that is. The first paper of the notice
// is kept as its source.
func ParseHolidayCN(b []byte) (map[string]Special, error) {
	var in struct {
		Papers []string `json:"papers"`
		Days   []struct {
			Name     string `json:"name"`
			Date     string `json:"date"`
			IsOffDay *bool  `json:"isOffDay"`
		} `json:"days"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("holiday-cn: %w", err)
	}
	source := "holiday-cn"
	if len(in.Papers) > 0 {
		source = clip(in.Papers[0])
	}
	out := map[string]Special{}
	for _, d := range in.Days {
		if _, err := time.Parse(time.DateOnly, d.Date); err != nil || d.IsOffDay == nil || len(out) >= maxImport {
			return nil, fmt.Errorf("holiday-cn: day %q", d.Date)
		}
		out[d.Date] = Special{Off: *d.IsOffDay, Name: clip(d.Name), Source: source}
	}
	return out, nil
}

// ParseICS reads the whole-day events of an iCalendar file as days off; those
// whose title says that people work (补班, 上班, "working day") as working days.
func ParseICS(b []byte) (map[string]Special, error) {
	cal, err := ics.ParseCalendar(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("ics: %w", err)
	}
	out := map[string]Special{}
	for _, e := range cal.Events() {
		from, err := e.GetAllDayStartAt()
		if err != nil {
			continue // an appointment, not a day
		}
		to, err := e.GetAllDayEndAt()
		if err != nil || !to.After(from) {
			to = from.AddDate(0, 0, 1)
		}
		title := ""
		if p := e.GetProperty(ics.ComponentPropertySummary); p != nil {
			title = p.Value
		}
		for d := from; d.Before(to); d = d.AddDate(0, 0, 1) {
			if len(out) >= maxImport {
				return nil, fmt.Errorf("ics: more than %d days", maxImport)
			}
			out[d.Format(time.DateOnly)] = Special{Off: !worked(title), Name: clip(title), Source: "ics"}
		}
	}
	return out, nil
}

func worked(title string) bool {
	t := strings.ToLower(title)
	for _, w := range []string{"补班", "上班", "调休工作", "working day", "workday"} {
		if strings.Contains(t, w) {
			return true
		}
	}
	return false
}

// clip keeps a text of a file to one line of reasonable length.
func clip(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")), " ")
	if r := []rune(s); len(r) > 200 {
		return string(r[:200])
	}
	return s
}

// ParseDays reads either kind of file.
func ParseDays(b []byte) (map[string]Special, error) {
	if bytes.HasPrefix(bytes.TrimLeft(b, "\ufeff \r\n\t"), []byte("BEGIN:VCALENDAR")) {
		return ParseICS(bytes.TrimLeft(b, "\ufeff \r\n\t"))
	}
	return ParseHolidayCN(bytes.TrimLeft(b, "\ufeff"))
}
