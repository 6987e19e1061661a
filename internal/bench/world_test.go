package bench_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"opsdesk/internal/incident"
	"opsdesk/internal/search"
)

// world makes the past of a desk: incidents with their register lines, what was
// said on them, their trail, their notifications and the index of their words.
// It follows what was measured on real logs (shared/data/README.md): callers
// are Zipf-distributed, weekdays carry bursts between 8 and 11 and a second
// rise at 14, titles are some twenty characters long, texts 75, and a small
// part of the incidents is open. It is the same for the same size.
type world struct {
	conn   *pgx.Conn
	r      *rand.Rand
	zipf   *rand.Zipf
	people []uuid.UUID
	agents []uuid.UUID
	teams  []uuid.UUID
	cats   []uuid.UUID
	svcs   []uuid.UUID
	terms  uuid.UUID // an agreement, and its calendar
	hours  uuid.UUID
	end    time.Time
	events int // trail entries per incident
}

// callers is how many people report faults.
const callers = 2500

var (
	placesZh  = strings.Fields("三楼东区 会议室3-08 A座12层 研发中心 财务部 B座前台 北京机房 仓库二 展厅 四楼西区 食堂 上海分公司 数据中心 培训教室 行政办公室")
	thingsZh  = strings.Fields("打印机 无线网络 视频会议 邮箱 投影仪 ERP系统 门禁 VPN 共享盘 电话 显示器 笔记本电脑 报销系统 考勤机 扫描仪 交换机 数据库 服务器 浏览器 输入法")
	faultsZh  = strings.Fields("无法连接 卡纸 频繁掉线 登录失败 没有声音 打开很慢 显示乱码 蓝屏重启 提示权限不足 收不到邮件 页面报错 电源指示灯不亮 数据不同步 宕机 响应超时")
	detailsZh = strings.Split("从今天早上九点开始出现。|重启之后仍然没有改善。|同办公室的其他同事也遇到同样的情况。|十点有客户会议，请尽快处理。|昨天还能正常使用。|更换网线后现象依旧。|错误提示已经截图放在附件里。|只有我的账号有问题，别人可以。", "|")
	placesEn  = strings.Fields("floor-3 lobby room-308 warehouse R&D finance tower-B Shanghai canteen lab")
	thingsEn  = strings.Fields("printer Wi-Fi projector mailbox VPN laptop scanner database switch monitor browser ERP phone door-reader server")
	faultsEn  = strings.Split("does not connect|prints blank pages|drops every few minutes|refuses the password|has no sound|is very slow|shows an error|restarts by itself|lost its data|times out", "|")
	detailsEn = strings.Split("It began this morning. |A restart did not help. |Two colleagues see the same. |There is a customer meeting at ten. |It worked yesterday. |A screenshot is attached. ", "|")
)

func pick[T any](w *world, list []T) T { return list[w.r.IntN(len(list))] }

// words are a title and a text, two thirds of them Chinese.
func (w *world) words() (title, text string) {
	if w.r.IntN(3) > 0 {
		title = pick(w, placesZh) + pick(w, thingsZh) + pick(w, faultsZh)
		for range 3 {
			text += pick(w, detailsZh)
		}
		return title, title + "。" + text
	}
	title = fmt.Sprintf("%s in %s %s", pick(w, thingsEn), pick(w, placesEn), pick(w, faultsEn))
	for range 3 {
		text += pick(w, detailsEn)
	}
	return strings.ToUpper(title[:1]) + title[1:], title + ". " + text
}

// when spreads incidents over working days with their rush hours, newest last.
func (w *world) when(n, size int) time.Time {
	day := w.end.AddDate(0, 0, -(size-1-n)/361)
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		if w.r.IntN(8) == 0 {
			break
		}
		day = day.AddDate(0, 0, -2)
	}
	hour := 9 + w.r.NormFloat64()*1.2
	if w.r.IntN(100) >= 55 {
		hour = 15 + w.r.NormFloat64()*2
	}
	return day.Truncate(24 * time.Hour).Add(time.Duration(hour * float64(time.Hour))).Truncate(time.Microsecond)
}

func (w *world) ids(ctx context.Context, b *testing.B, sql string) []uuid.UUID {
	b.Helper()
	rows, _ := w.conn.Query(ctx, sql)
	out, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(out) == 0 {
		b.Fatalf("%s: %d rows, %v", sql, len(out), err)
	}
	return out
}

// newWorld connects to a desk that has the demo company and adds the callers.
func newWorld(b *testing.B, url string, size, events int) *world {
	b.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	w := &world{conn: conn, r: rand.New(rand.NewPCG(7, uint64(size))), end: time.Now().UTC().Truncate(24 * time.Hour), events: events}
	w.exec(b, `SET synchronous_commit = off`)
	w.exec(b, `SET maintenance_work_mem = '512MB'`)
	w.exec(b, `INSERT INTO people SELECT x.* FROM people p, generate_series(1, $1::int) n, jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'username', 'caller' || n,
		'name', '职员' || n, 'name_en', 'Caller ' || n, 'pinyin', 'zy' || n, 'email', '', 'source_key', 'caller' || n)) x WHERE p.username = 'staff'`, callers)
	w.zipf = rand.NewZipf(w.r, 1.3, 8, callers-1)
	w.people = w.ids(ctx, b, `SELECT id FROM people WHERE username LIKE 'caller%' ORDER BY username`)
	w.agents = w.ids(ctx, b, `SELECT p.id FROM people p JOIN role_grants g ON g.person_id = p.id WHERE g.role IN ('L1', 'L2') ORDER BY p.username`)
	w.teams = w.ids(ctx, b, `SELECT id FROM teams ORDER BY name_en`)
	w.cats = w.ids(ctx, b, `SELECT id FROM incident_categories ORDER BY name_en`)
	w.svcs = w.ids(ctx, b, `SELECT id FROM services ORDER BY name_en`)
	w.terms = w.ids(ctx, b, `SELECT id FROM sla_versions WHERE state = 'approved' ORDER BY created_at LIMIT 1`)[0]
	w.hours = w.ids(ctx, b, `SELECT calendar_id FROM sla_versions WHERE state = 'approved' ORDER BY created_at LIMIT 1`)[0]
	return w
}

func (w *world) exec(b *testing.B, sql string, args ...any) {
	b.Helper()
	if _, err := w.conn.Exec(context.Background(), sql, args...); err != nil {
		b.Fatalf("%.80s: %v", sql, err)
	}
}

// id is the next identifier.
func (w *world) id() uuid.UUID { return uuid.Must(uuid.NewRandomFromReader(reader{w.r})) }

// fill makes the rows of some tables in chunks. The indexes of a large desk are
// made after the rows, as a restore does.
func (w *world) fill(b *testing.B, size int, tables []string, chunk func(ctx context.Context, from, to int) error) {
	b.Helper()
	ctx := context.Background()
	rows, _ := w.conn.Query(ctx, `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY($1) AND indexname NOT IN (SELECT conname FROM pg_constraint)`, tables)
	defs := map[string]string{}
	var name, def string
	if _, err := pgx.ForEachRow(rows, []any{&name, &def}, func() error { defs[name] = def; return nil }); err != nil {
		b.Fatal(err)
	}
	if size > 50_000 {
		for n := range defs {
			w.exec(b, "DROP INDEX "+n)
		}
	}
	const many = 5000
	for from := 0; from < size; from += many {
		if err := chunk(ctx, from, min(from+many, size)); err != nil {
			b.Fatal(err)
		}
	}
	if size > 50_000 {
		for _, d := range defs {
			w.exec(b, d)
		}
	}
	w.exec(b, "VACUUM ANALYZE")
}

// fillWorld makes size incidents, of which open are not yet resolved.
func fillWorld(b *testing.B, url string, size, open, events int) {
	b.Helper()
	w := newWorld(b, url, size, events)
	defer w.conn.Close(context.Background())
	w.fill(b, size, []string{"trail_entries", "search_docs", "records", "incidents", "comments", "notes", "notifications", "sla_events", "sla_clocks"},
		func(ctx context.Context, from, to int) error { return w.chunk(ctx, from, to, size, open) })
}

// table collects rows for COPY.
type table struct {
	name    string
	columns []string
	rows    [][]any
}

func (w *world) chunk(ctx context.Context, from, to, size, open int) error {
	inc := &table{name: "incidents", columns: strings.Fields("id number title description state channel impact urgency priority category_id service_id requester_id created_by team_id assignee_id reported_at responded_at resolved_at closed_at resolution_code cause process created_at updated_at")}
	reg := &table{name: "records", columns: strings.Fields("id kind number title state category priority requester_id created_by assignee_id team_id service_id created_at updated_at closed_at due_at")}
	clk := &table{name: "sla_clocks", columns: clockColumns}
	evt := &table{name: "sla_events", columns: clockEventColumns}
	doc := &table{name: "search_docs", columns: strings.Fields("record_id hash terms talk notes open week")}
	say := &table{name: "comments", columns: strings.Fields("id record_id author_id author_name body at")}
	note := &table{name: "notes", columns: strings.Fields("id record_id author_id author_name body at")}
	trl := &table{name: "trail_entries", columns: trailColumns}
	ntf := &table{name: "notifications", columns: strings.Fields("id person_id event_id event audience kind record_id number title actor_name created_at read_at")}
	for n := from; n < to; n++ {
		rid, at := w.id(), w.when(n, size)
		number := fmt.Sprintf("INC-%06d", 100_000+n)
		title, text := w.words()
		isOpen := n >= size-open
		by, agent, team := w.people[w.zipf.Uint64()], pick(w, w.agents), pick(w, w.teams)
		priority := 3
		switch p := w.r.IntN(100); {
		case p < 2:
			priority = 1
		case p < 12:
			priority = 2
		case p < 25:
			priority = 4
		}
		state, category := "closed", "closed"
		responded, resolved, closed := ptr(at.Add(20*time.Minute)), ptr(at.Add(5*time.Hour)), ptr(at.Add(30*time.Hour))
		code, updated, assignee := "fixed", at.Add(30*time.Hour), &agent
		if isOpen {
			resolved, closed, code, updated = nil, nil, "", at.Add(time.Hour)
			state, category = "in_progress", "active"
			if w.r.IntN(4) == 0 {
				state, category, assignee, responded = "new", "new", nil, nil
			}
		}
		cause := code
		due := w.clocks(clk, evt, rid, agent, at, responded, resolved, priority)
		inc.rows = append(inc.rows, []any{rid, 100_000 + n, title, text, state, "portal", 2, 2, priority, pick(w, w.cats), pick(w, w.svcs), by, by, team, assignee, at, responded, resolved, closed, code, cause, cause, at, updated})
		reg.rows = append(reg.rows, []any{rid, "incident", number, title, state, category, priority, by, by, assignee, team, nil, at, updated, closed, due})
		var t search.Terms
		t.AddTitle(title)
		t.Add(text)
		v := t.Vector()
		for range 1 + w.r.IntN(3) {
			say.rows = append(say.rows, []any{w.id(), rid, agent, "王磊", pick(w, detailsZh), at.Add(time.Duration(30+w.r.IntN(60)) * time.Minute)})
		}
		if w.r.IntN(2) == 0 {
			note.rows = append(note.rows, []any{w.id(), rid, agent, "王磊", "已联系供应商，等待备件。", at.Add(2 * time.Hour)})
		}
		doc.rows = append(doc.rows, []any{rid, int64(n), v, "", "", isOpen, search.Week(incident.Kind, updated)})
		for e := range w.events {
			trl.rows = append(trl.rows, w.entry(at.Add(time.Duration(e)*7*time.Minute), agent, acts[e%len(acts)], "incident", rid, number, e+1))
		}
		ntf.rows = append(ntf.rows, []any{w.id(), by, w.id(), "incident.resolved", "requester", "incident", rid, number, title, "王磊", updated, &updated})
	}
	return w.copy(ctx, inc, reg, doc, say, note, trl, ntf, evt, clk)
}

var (
	clockColumns      = strings.Fields("record_id metric stint state terms_id calendar_id target goal_us spent_us as_of started_at due_at warn_at crit_at ended_at next_at")
	clockEventColumns = strings.Fields("record_id n at kind terms_id priority actor_id created_at")
	trailColumns      = strings.Fields("at occurred_at actor_id actor_name action kind record_id number version outcome reason diff session request_id ip user_agent app")
)

// entry is a line of the trail.
func (w *world) entry(at time.Time, by uuid.UUID, act, kind string, record uuid.UUID, number string, version int) []any {
	return []any{
		at, at, by, "王磊", act, kind, record, number, version, "success", "",
		`{"state":["new","accepted"],"assignee":[null,"` + by.String() + `"]}`, "0123456789ab", "req-" + number, "10.0.0.8", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "bench",
	}
}

// copy writes the rows that were collected.
func (w *world) copy(ctx context.Context, tables ...*table) error {
	for _, t := range tables {
		if t.name == "search_docs" { // its vectors are texts, which COPY of the binary kind does not take
			if err := w.copyDocs(ctx, t); err != nil {
				return err
			}
			continue
		}
		if _, err := w.conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// clocks are what was promised for an incident and how that stands; it returns
// when the next of it falls due.
func (w *world) clocks(clk, evt *table, id, agent uuid.UUID, at time.Time, responded, resolved *time.Time, priority int) *time.Time {
	var next *time.Time
	for n, c := range []struct {
		metric string
		goal   time.Duration
		end    *time.Time
	}{{"response", time.Duration(priority) * 30 * time.Minute, responded}, {"resolution", time.Duration(priority)*8*time.Hour + time.Duration(w.r.IntN(600))*time.Minute, resolved}} {
		due := at.Add(c.goal)
		state, dues := "running", []any{due, at.Add(c.goal * 3 / 4), at.Add(c.goal * 9 / 10), nil, nil}
		if c.end != nil {
			state, dues = "met", []any{due, nil, nil, *c.end, nil}
			if c.end.After(due) {
				state = "missed"
			}
		} else if next == nil || due.Before(*next) {
			next = &due
		}
		if c.end == nil {
			dues[4] = w.end.AddDate(0, 0, 30) // nothing falls due while it is measured
		}
		clk.rows = append(clk.rows, append([]any{id, c.metric, 1, state, w.terms, w.hours, c.goal.String(), c.goal.Microseconds(), 0, at, at}, dues...))
		if n == 0 {
			evt.rows = append(evt.rows, []any{id, 1, at, "started", w.terms, priority, agent, at})
		}
		if c.end != nil {
			evt.rows = append(evt.rows, []any{id, n + 2, *c.end, []string{"responded", "stopped"}[n], w.terms, priority, agent, at})
		}
	}
	return next
}

func (w *world) copyDocs(ctx context.Context, t *table) error {
	var out strings.Builder
	for _, r := range t.rows {
		fmt.Fprintf(&out, "%s\t%d\t%s\t\t\t%t\t{%s}\n", r[0], r[1], strings.ReplaceAll(r[2].(string), `\`, `\\`), r[5], r[6])
	}
	_, err := w.conn.PgConn().CopyFrom(ctx, strings.NewReader(out.String()), "COPY search_docs ("+strings.Join(t.columns, ", ")+") FROM STDIN")
	return err
}

var acts = strings.Fields("incident.create incident.accept incident.assign incident.start incident.reply incident.note incident.pend incident.resume incident.reply incident.edit incident.resolve incident.auto_close")

func ptr[T any](v T) *T { return &v }

// reader makes bytes of a seeded source.
type reader struct{ r *rand.Rand }

func (r reader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.r.Uint32())
	}
	return len(p), nil
}
