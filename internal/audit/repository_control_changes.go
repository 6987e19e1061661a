package audit

// Pieces that the controls of changes share. Changes are looked at that began,
// or ended, within the period.
const (
	changeRow = `SELECT 'change' AS kind, c.id AS object_id, r.number AS label, `
	changesOf = ` FROM changes c JOIN records r ON r.id = c.id `
	// changeVotes are the approvals that were given, of the approval that stands.
	changeVotes = `JOIN approvals p ON p.record_id = c.id AND p.kind = 'change' AND p.status = 'approved' JOIN approval_entries e ON e.approval_id = p.id AND e.kind = 'approve' `
	startedIn   = `c.started_at >= @since`
	// handsOn are those who laid hands on the systems.
	handsOn = `(SELECT c.started_by AS id UNION SELECT (s->>'by')::uuid FROM jsonb_array_elements(c.steps || c.back) s WHERE s->>'by' <> '')`
	utcText = ` AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'`
)

// changeControls are the rules about changes (regulation 4.2).
var changeControls = []Control{
	{
		ID: "CHG-01", Clause: "ISO/IEC 20000-1 8.5.1.3 · GB/T 28827.1 9.7c · GB/T 22239 8.1.10.10", Severity: Critical,
		Population: `SELECT count(*) FROM changes c WHERE ` + startedIn,
		Exceptions: changeRow + `'begun:' AS detail` + changesOf + `WHERE ` + startedIn + ` AND c.glass_at IS NULL AND (c.approved_at IS NULL OR c.approved_at > c.started_at
			OR c.type <> 'standard' AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.record_id = c.id AND p.kind = 'change' AND p.status = 'approved' AND p.closed_at <= c.started_at))`,
	},
	{
		ID: "CHG-02", Clause: "GB/T 22239 8.1.4.2d · ISO/IEC 20000-1 8.5.1", Severity: Critical,
		Population: `SELECT count(DISTINCT c.id) FROM changes c ` + changeVotes + `WHERE e.at >= @since`,
		Exceptions: `SELECT DISTINCT 'change' AS kind, c.id AS object_id, r.number AS label, CASE WHEN q.id IN (c.requester_id, c.created_by) THEN 'own:' ELSE 'hands:' END || q.name AS detail` + changesOf + changeVotes +
			`JOIN people q ON q.id IN (e.actor_id, e.member_id) WHERE e.at >= @since AND (q.id IN (c.requester_id, c.created_by) OR q.id IN ` + handsOn + `)`,
	},
	{
		ID: "CHG-03", Clause: "ISO/IEC 20000-1 8.5.1", Severity: High,
		Population: `SELECT count(*) FROM changes c WHERE c.type = 'normal' AND c.risk = 'high' AND c.approved_at >= @since`,
		Exceptions: changeRow + `'levels:' || count(DISTINCT e.member_id) AS detail` + changesOf + `LEFT JOIN approvals p ON p.record_id = c.id AND p.kind = 'change' AND p.status = 'approved'
			LEFT JOIN approval_entries e ON e.approval_id = p.id AND e.kind = 'approve'
			WHERE c.type = 'normal' AND c.risk = 'high' AND c.approved_at >= @since GROUP BY c.id, r.number
			HAVING count(DISTINCT e.member_id) < 2 OR NOT coalesce(bool_or(EXISTS (SELECT 1 FROM role_grants g WHERE g.person_id = e.member_id AND g.role = 'CAB' AND (g.until IS NULL OR g.until > e.at))), false)`,
	},
	{
		ID: "CHG-04", Clause: "ISO/IEC 20000-1 8.5.1.3 · GB/T 28827.1 9.7a, 9.8c", Severity: High,
		Population: `SELECT count(*) FROM changes c WHERE c.type = 'normal' AND c.approved_at >= @since`,
		Exceptions: changeRow + `CASE WHEN c.risk = '' THEN 'no_risk:' WHEN c.rollback_trigger = '' OR c.back = '[]' THEN 'no_rollback:' ELSE 'no_test:' END AS detail` + changesOf + `WHERE c.type = 'normal' AND c.approved_at >= @since
				AND (c.risk = '' OR c.rollback_trigger = '' OR c.back = '[]' OR c.test_evidence = '' AND c.test_files = '[]' OR c.test_result <> 'passed')`,
	},
	{
		ID: "CHG-05", Clause: "ISO/IEC 20000-1 8.5.1.1b, 8.5.1.3 · GB/T 28827.1 9.7a", Severity: High,
		Population: `SELECT count(*) FROM changes c WHERE ` + startedIn + ` AND (c.type = 'emergency' OR c.glass_at IS NOT NULL)`,
		Exceptions: changeRow + `'review:' || to_char(coalesce(c.review_due_at, c.started_at + interval '3 days')` + utcText + ` AS detail` + changesOf + `WHERE ` + startedIn + ` AND (c.type = 'emergency' OR c.glass_at IS NOT NULL)
			AND coalesce(c.closed_at, @now::timestamptz) > coalesce(c.review_due_at, c.started_at + interval '3 days')`,
	},
	{
		ID: "CHG-06", Clause: "ISO/IEC 20000-1 8.5.1.3 · GB/T 28827.1 9.7c", Severity: High,
		Population: `SELECT count(*) FROM changes c WHERE ` + startedIn + ` AND c.result IN ('rolled_back', 'failed')`,
		Exceptions: changeRow + `'unlearnt:' AS detail` + changesOf + `WHERE ` + startedIn + ` AND c.result IN ('rolled_back', 'failed') AND c.state = 'closed' AND c.lessons = ''`,
	},
	{
		ID: "CHG-07", Clause: "ISO/IEC 20000-1 8.5.1", Severity: High,
		Population: `SELECT count(*) FROM changes c WHERE ` + startedIn,
		Exceptions: `SELECT DISTINCT 'change' AS kind, c.id AS object_id, r.number AS label, 'frozen:' || f.name_zh AS detail` + changesOf + `JOIN change_freezes f ON f.hard AND NOT f.lifted
				AND f.from_at < coalesce(c.ended_at, @now::timestamptz) AND f.to_at > c.started_at AND (f.service_id IS NULL OR f.service_id = c.service_id)
			WHERE ` + startedIn + ` AND NOT EXISTS (SELECT 1 FROM change_freeze_exceptions x WHERE x.freeze_id = f.id AND x.change_id = c.id)`,
	},
	{
		ID: "CHG-08", Clause: "ISO/IEC 20000-1 8.5.1.3 · GB/T 28827.1 9.7", Severity: Medium,
		Population: `SELECT count(*) FROM changes c WHERE ` + startedIn,
		Exceptions: changeRow + `'outside:' || to_char(c.started_at` + utcText + ` AS detail` + changesOf + `WHERE ` + startedIn + ` AND (c.window_from IS NULL OR c.started_at < c.window_from - interval '30 minutes'
			OR coalesce(c.ended_at, @now::timestamptz) > c.window_to + interval '30 minutes')`,
	},
	{
		ID: "CHG-09", Clause: "ISO/IEC 20000-1 8.2.6 · GB/T 28827.1 9.7c, 9.8d", Severity: High,
		Population: `SELECT count(*) FROM changes c WHERE c.closed_at >= @since AND c.state = 'closed' AND c.items <> '{}'`,
		Exceptions: changeRow + `'stale:' AS detail` + changesOf + `WHERE c.closed_at >= @since AND c.state = 'closed' AND c.items <> '{}' AND NOT c.items_confirmed
			AND NOT EXISTS (SELECT 1 FROM ci_versions v WHERE v.item_id = ANY (c.items) AND v.at BETWEEN c.started_at AND c.closed_at)`,
	},
	{
		ID: "CHG-10", Clause: "ISO/IEC 20000-1 8.2.6 · GB/T 22239 8.1.10.8, 8.1.10.10", Severity: Critical,
		Population: `SELECT count(*) FROM changes c WHERE c.unauthorised AND c.created_at >= @since`,
		// What was changed without a change is decided on like an emergency: reviewed
		// and closed, or called off, within three days of being found.
		Exceptions: changeRow + `'unreviewed:' || to_char(c.created_at` + utcText + ` AS detail` + changesOf + `WHERE c.unauthorised AND c.created_at >= @since
			AND coalesce(c.closed_at, @now::timestamptz) > c.created_at + interval '3 days'`,
	},
	{
		ID: "CHG-11", Clause: "ISO/IEC 20000-1 8.5.1.1", Severity: Medium,
		Population: `SELECT count(*) FROM changes c WHERE c.type = 'standard' AND c.submitted_at >= @since`,
		Exceptions: changeRow + `CASE WHEN t.approved_at IS NULL OR t.approved_at > c.submitted_at THEN 'template:' ELSE 'expired:' || t.review_by END AS detail` + changesOf + `JOIN change_templates t ON t.id = c.template_id
			WHERE c.type = 'standard' AND c.submitted_at >= @since AND (t.approved_at IS NULL OR t.approved_at > c.submitted_at OR c.submitted_at >= t.review_by + 1 OR t.approved_at < c.submitted_at - interval '1 year')`,
	},
	{
		ID: "CHG-12", Clause: "GB/T 28827.1 9.7c · ISO/IEC 20000-1 9.1", Severity: Medium,
		Population: `SELECT count(*) FROM changes c WHERE ` + startedIn,
		// The newest emergency stands for all: the rule is about their share.
		Exceptions: changeRow + `'share:' || round(100.0 * s.urgent / s.n) || ' %' AS detail FROM (SELECT count(*) AS n, count(*) FILTER (WHERE c.type = 'emergency') AS urgent FROM changes c WHERE ` + startedIn + `) s
			CROSS JOIN LATERAL (SELECT c.id FROM changes c WHERE ` + startedIn + ` AND c.type = 'emergency' ORDER BY c.started_at DESC, c.id LIMIT 1) c JOIN records r ON r.id = c.id
			WHERE s.urgent >= 5 AND s.urgent > 0.15 * s.n`,
	},
}
