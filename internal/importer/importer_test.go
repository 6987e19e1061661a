package importer_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"opsdesk/internal/apptest"
	"opsdesk/internal/importer"
	"opsdesk/internal/incident"
)

// excerpt is three incidents in the form of the UCI log (data set 498, CC BY
// 4.0), the last of them with an unknown state and a jump.
const excerpt = `number,incident_state,active,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_by,opened_at,sys_created_by,sys_created_at,sys_updated_by,sys_updated_at,contact_type,location,category,subcategory,u_symptom,cmdb_ci,impact,urgency,priority,assignment_group,assigned_to,knowledge,u_priority_confirmation,notify,problem_id,rfc,vendor,caused_by,closed_code,resolved_by,resolved_at,closed_at
INC0000045,New,true,0,0,0,true,Caller 2403,Opened by  8,29/2/2016 01:16,Created by 6,29/2/2016 01:23,Updated by 21,29/2/2016 01:23,Phone,Location 143,Category 55,Subcategory 170,Symptom 72,?,2 - Medium,2 - Medium,3 - Moderate,Group 56,?,true,false,Do Not Notify,?,?,?,?,code 5,Resolved by 149,29/2/2016 11:29,5/3/2016 12:00
INC0000045,Resolved,true,0,0,2,true,Caller 2403,Opened by  8,29/2/2016 01:16,Created by 6,29/2/2016 01:23,Updated by 642,29/2/2016 08:53,Phone,Location 143,Category 55,Subcategory 170,Symptom 72,?,2 - Medium,2 - Medium,3 - Moderate,Group 56,?,true,false,Do Not Notify,?,?,?,?,code 5,Resolved by 149,29/2/2016 11:29,5/3/2016 12:00
INC0000045,Closed,false,0,0,4,true,Caller 2403,Opened by  8,29/2/2016 01:16,Created by 6,29/2/2016 01:23,Updated by 908,5/3/2016 12:00,Phone,Location 143,Category 55,Subcategory 170,Symptom 72,?,2 - Medium,2 - Medium,3 - Moderate,Group 56,?,true,false,Do Not Notify,?,?,?,?,code 5,Resolved by 149,29/2/2016 11:29,5/3/2016 12:00
INC0000099,New,true,0,0,0,true,Caller 9,Opened by  8,not a date,?,?,Updated by 21,29/2/2016 01:23,Phone,Location 1,Category 1,Subcategory 1,?,?,2 - Medium,2 - Medium,3 - Moderate,?,?,true,false,Do Not Notify,?,?,?,?,?,?,?,?
INC0000100,New,true,0,0,0,true,Caller 9,Opened by  8,29/2/2016 02:00,?,?,Updated by 21,29/2/2016 02:00,Phone,Location 1,Category 1,Subcategory 1,?,?,1 - High,1 - High,1 - Critical,Group 70,Resolver 1,true,false,Do Not Notify,?,?,?,?,?,?,?,?
INC0000100,-100,true,0,0,1,true,Caller 9,Opened by  8,29/2/2016 02:00,?,?,Updated by 21,29/2/2016 03:00,Phone,Location 1,Category 1,Subcategory 1,?,?,1 - High,1 - High,1 - Critical,Group 70,Resolver 1,true,false,Do Not Notify,?,?,?,?,?,?,?,?
INC0000100,Closed,false,0,0,2,true,Caller 9,Opened by  8,29/2/2016 02:00,?,?,Updated by 21,29/2/2016 04:00,Phone,Location 1,Category 1,Subcategory 1,?,?,1 - High,1 - High,1 - Critical,Group 70,Resolver 1,true,false,Do Not Notify,?,?,?,?,?,?,?,?
INC0000100,Awaiting Vendor,true,0,0,3,true,Caller 9,Opened by  8,29/2/2016 02:00,?,?,Updated by 21,29/2/2016 05:00,Phone,Location 1,Category 1,Subcategory 1,?,?,1 - High,1 - High,1 - Critical,Group 70,Resolver 1,true,false,Do Not Notify,?,?,?,?,?,?,?,?
`

func TestServiceNowLog(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	run := func(dry bool) importer.Result {
		t.Helper()
		r, err := importer.New(d.Desk, d.People, d.Incidents).ServiceNowLog(t.Context(), strings.NewReader(excerpt), time.UTC, importer.Options{DryRun: dry, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, dry := range []bool{true, false} {
		r := run(dry)
		if r.Incidents != 2 || r.Events != 7 || len(r.Bad) != 1 || r.Bad[0].Row != 5 || r.Bad[0].Field != "opened_at" || len(r.Refused) != 2 {
			t.Fatalf("dry %t: %+v", dry, r)
		}
		if r.Refused[0].Code != "incident.error.unknown_state" || r.Refused[0].Row != 7 || r.Refused[1].Code != "incident.error.illegal.auto_close" {
			t.Errorf("dry %t: refused %+v", dry, r.Refused)
		}
	}
	p, err := d.Incidents.List(d.As("lead"), incident.Filter{View: "all", Text: "symptom 72", Sort: "created"}, "")
	if err != nil || len(p.Rows) != 1 || p.Rows[0].State != "closed" {
		t.Fatalf("%v %+v", err, p.Rows)
	}
	det, err := d.Incidents.Detail(d.As("lead"), p.Rows[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	var times []string
	for _, it := range det.Timeline {
		if it.Entry != nil {
			times = append(times, it.Entry.OccurredAt.UTC().Format("2/1/2006 15:04"))
			if it.Entry.BehalfID == nil || it.Entry.ActorName != "importer" {
				t.Errorf("who did it: %+v", it.Entry)
			}
		}
	}
	if strings.Join(times, ", ") != "29/2/2016 01:16, 29/2/2016 08:53, 5/3/2016 12:00" {
		t.Errorf("events at %v", times)
	}
	if det.ResolvedAt == nil || det.SourceKey != "INC0000045" || !det.ReportedAt.Equal(time.Date(2016, 2, 29, 1, 16, 0, 0, time.UTC)) {
		t.Errorf("%+v", det.Incident)
	}
	again := run(false)
	if again.Incidents != 0 || again.Skipped != 2 || again.Events != 0 || len(again.Refused) != 0 {
		t.Errorf("a second run changed something: %+v", again)
	}
	d.Drain()
	if len(d.Mail.Sent) > 0 && strings.Contains(d.Mail.Sent[len(d.Mail.Sent)-1].Text, "Symptom") {
		t.Error("imported history was told to somebody")
	}
}

// A run that is stopped half-way goes on where it was.
func TestResumeAfterInterruption(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := importer.New(d.Desk, d.People, d.Incidents).ServiceNowLog(ctx, strings.NewReader(excerpt), time.UTC, importer.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("an import that was stopped says %v", err)
	}
	r, err := importer.New(d.Desk, d.People, d.Incidents).ServiceNowLog(t.Context(), strings.NewReader(excerpt), time.UTC, importer.Options{})
	if err != nil || r.Incidents != 2 {
		t.Errorf("%v %+v", err, r)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	d := apptest.New(t, apptest.Options{})
	const file = "Ticket#,Subject,Text,Customer,Created,State,cause,process,Queue\n" +
		"1,打印机卡纸,\"第一行\n第二行\",李四,2024-05-01 08:00,zu,Paper,Cleaned,Print\n" +
		"2,No text,,Bob,2024-05-01 08:00,offen,,,Print\n" +
		"3,Open one,Still broken,Bob,2024-05-02 09:30,offen,,,Print\n" +
		"4,Bad state,x,Bob,2024-05-02 09:30,weg,,,Print\n" +
		"5,No cause,x,Bob,2024-05-02 09:30,zu,,,Print\n"
	m := importer.Mapping{
		Source: "otrs", Zone: time.UTC, States: map[string]string{"zu": "closed", "offen": "new"},
		Columns: map[string]string{"key": "Ticket#", "title": "Subject", "description": "Text", "requester": "Customer", "opened_at": "Created", "state": "State", "category": "Queue"},
	}
	r, err := importer.New(d.Desk, d.People, d.Incidents).CSV(t.Context(), strings.NewReader(file), m, importer.Options{})
	if err != nil || r.Incidents != 2 || len(r.Bad) != 3 || len(r.Refused) != 0 {
		t.Fatalf("%v %+v", err, r)
	}
	want := []string{"row 3: description", "row 5: state", "row 6: cause"}
	for i, b := range r.Bad {
		if !strings.HasPrefix(b.Error(), want[i]) {
			t.Errorf("%s, want %s", b, want[i])
		}
	}
	m.Columns["nonsense"] = "Text"
	delete(m.Columns, "requester")
	if _, err := importer.New(d.Desk, d.People, d.Incidents).CSV(t.Context(), strings.NewReader(file), m, importer.Options{}); err == nil ||
		!strings.Contains(err.Error(), "nonsense") || !strings.Contains(err.Error(), "requester") {
		t.Errorf("%v", err)
	}
}

// TestTheWholeLog reads the real log, packed, where it is on the machine.
func TestTheWholeLog(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../../shared/data/datasets/uci-498-incident_event_log.csv.xz")
	if err != nil {
		t.Skip("SKIPPED: the real log is not on this machine: " + err.Error())
	}
	defer f.Close()
	d := apptest.New(t, apptest.Options{Empty: true})
	r, err := importer.New(d.Desk, d.People, d.Incidents).ServiceNowLog(t.Context(), f, time.UTC, importer.Options{DryRun: true})
	if err != nil || r.Incidents != 24918 || r.Events != 141712 || len(r.Bad) != 0 || len(r.Refused) != 53 {
		t.Errorf("%v: %d incidents, %d events, %d bad, %d refused", err, r.Incidents, r.Events, len(r.Bad), len(r.Refused))
	}
}
