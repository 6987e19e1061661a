package audit

import "slices"

// Pieces that several controls share. Incidents and requests are looked at that
// ended or changed within the period, so that a run stays bounded.
const (
	holding = ` FROM sla_versions v JOIN sla_agreements a ON a.id = v.agreement_id AND a.kind = 'sla'
		WHERE v.state = 'approved' AND v.valid_from <= @now AND (v.valid_until IS NULL OR v.valid_until > @now)
			AND NOT EXISTS (SELECT 1 FROM sla_versions n WHERE n.agreement_id = v.agreement_id AND n.state = 'approved' AND n.number > v.number AND n.valid_from <= @now)`
	// votes are the approvals that were cast, with who sat there and who acted.
	votes = ` JOIN approvals p ON p.record_id = x.id AND p.kind = 'servicerequest' JOIN approval_entries e ON e.approval_id = p.id AND e.kind = 'approve' `
	// begun are requests that were worked on within the period.
	begun = ` FROM service_requests x WHERE x.state IN ('fulfilling', 'pending', 'fulfilled', 'closed') AND x.updated_at >= @since`
)

// Controls are the rules, in the order of their ids (controls §2). They ship
// with the program and cannot be edited.
var Controls = slices.Concat(inspectionControls, changeControls, serviceControls)

// serviceControls are the rules about incidents, requests and service levels.
var serviceControls = []Control{
	{
		ID: "INC-03", Clause: "ISO/IEC 20000-1 8.3.3, 9.1 · GB/T 28827.1 9.2c", Severity: Medium,
		Population: `SELECT count(*) FROM sla_clocks k JOIN records r ON r.id = k.record_id AND r.kind = 'incident' WHERE k.metric = 'response' AND k.started_at >= @since`,
		Exceptions: `SELECT r.kind, r.id AS object_id, r.number AS label, 'late:' || to_char(b.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' AS detail
			FROM sla_breaches b JOIN records r ON r.id = b.record_id AND r.kind = 'incident' WHERE b.metric = 'response' AND b.excluded_at IS NULL AND b.due_at >= @since`,
	},
	{
		ID: "INC-04", Clause: "ISO/IEC 20000-1 8.6.1c · GB/T 28827.1 9.4c", Severity: High,
		Population: `SELECT count(*) FROM sla_breaches b JOIN records r ON r.id = b.record_id AND r.kind = 'incident' WHERE b.metric = 'resolution' AND b.due_at >= @since`,
		Exceptions: `SELECT r.kind, r.id AS object_id, r.number AS label, 'untold:' || to_char(k.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' AS detail
			FROM sla_clocks k JOIN records r ON r.id = k.record_id AND r.kind = 'incident'
			WHERE k.metric = 'resolution' AND k.state = 'running' AND k.due_at < @now::timestamptz - interval '15 minutes' AND NOT EXISTS (
				SELECT 1 FROM sla_fired f WHERE f.record_id = k.record_id AND f.metric = k.metric AND f.fired_at >= k.due_at AND cardinality(f.told) > 0)`,
	},
	{
		ID: "KPI-04", Clause: "ISO/IEC 20000-1 8.3.3", Severity: Medium,
		Population: `SELECT count(*) FROM sla_clocks k WHERE k.metric = 'resolution' AND k.ended_at >= @since`,
		Exceptions: `WITH ended AS (SELECT k.record_id, k.started_at, k.ended_at FROM sla_clocks k WHERE k.metric = 'resolution' AND k.ended_at >= @since),
			steps AS (SELECT e.record_id, e.kind, e.reason, e.pauses, e.at, coalesce(lead(e.at) OVER (PARTITION BY e.record_id ORDER BY e.n), d.ended_at) AS until
				FROM ended d JOIN sla_events e ON e.record_id = d.record_id AND e.kind IN ('paused', 'resumed', 'stopped', 'voided', 'reopened')),
			held AS (SELECT record_id, sum(extract(epoch FROM until - at)) AS seconds, bool_or(reason = '') AS silent FROM steps WHERE kind = 'paused' AND pauses GROUP BY record_id)
			SELECT r.kind, r.id AS object_id, r.number AS label, CASE WHEN h.silent THEN 'silent:' ELSE 'paused:' END || round(100 * h.seconds / greatest(extract(epoch FROM d.ended_at - d.started_at), 1)) || ' %' AS detail
			FROM held h JOIN ended d USING (record_id) JOIN records r ON r.id = h.record_id
			WHERE h.silent OR h.seconds > 0.5 * extract(epoch FROM d.ended_at - d.started_at)`,
	},
	{
		ID: "KPI-05", Clause: "ISO/IEC 20000-1 8.3.3", Severity: High,
		Population: `SELECT count(*) FROM sla_events e WHERE e.kind = 'reclassified' AND e.at >= @since`,
		Exceptions: `WITH told AS (SELECT e.record_id, e.at, e.priority, (SELECT p.priority FROM sla_events p WHERE p.record_id = e.record_id AND p.n < e.n AND p.priority > 0 ORDER BY p.n DESC LIMIT 1) AS before
				FROM sla_events e WHERE e.kind = 'reclassified' AND e.at >= @since AND e.priority > 0)
			SELECT r.kind, r.id AS object_id, r.number AS label, 'lowered:P' || t.before || ' → P' || t.priority || ', ' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' AS detail
			FROM told t JOIN records r ON r.id = t.record_id
			WHERE t.priority > t.before AND EXISTS (SELECT 1 FROM sla_fired f WHERE f.record_id = t.record_id AND f.metric = 'resolution' AND f.fired_at <= t.at
				AND f.mark ~ '^(8|9)[0-9]%$') AND NOT EXISTS (SELECT 1 FROM sla_breaches b WHERE b.record_id = t.record_id AND b.metric = 'resolution' AND b.due_at <= t.at)`,
	},
	{
		ID: "REQ-01", Clause: "ISO/IEC 20000-1 8.6.2 · GB/T 22239 8.1.7.3", Severity: Critical,
		Population: `SELECT count(*)` + begun,
		Exceptions: `SELECT 'servicerequest' AS kind, x.id AS object_id, r.number AS label, CASE WHEN a.closed_at IS NULL THEN 'unapproved:' ELSE 'early:' END AS detail
			FROM service_requests x JOIN records r ON r.id = x.id JOIN catalog_versions v ON v.id = x.version_id
			LEFT JOIN LATERAL (SELECT max(p.closed_at) AS closed_at FROM approvals p WHERE p.record_id = x.id AND p.kind = 'servicerequest' AND p.status = 'approved') a ON true
			WHERE x.state IN ('fulfilling', 'pending', 'fulfilled', 'closed') AND x.updated_at >= @since
				AND (EXISTS (SELECT 1 FROM approvals p WHERE p.record_id = x.id AND p.kind = 'servicerequest')
					OR EXISTS (SELECT 1 FROM jsonb_array_elements(CASE jsonb_typeof(v.content->'steps') WHEN 'array' THEN v.content->'steps' ELSE '[]' END) s WHERE coalesce(s->>'when', '') = ''))
				AND (a.closed_at IS NULL OR EXISTS (SELECT 1 FROM service_request_tasks t WHERE t.request_id = x.id AND t.done_at < a.closed_at))`,
	},
	{
		ID: "REQ-02", Clause: "GB/T 22239 8.1.4.2d", Severity: Critical,
		Population: `SELECT count(DISTINCT x.id) FROM service_requests x` + votes + `WHERE e.at >= @since`,
		Exceptions: `SELECT DISTINCT 'servicerequest' AS kind, x.id AS object_id, r.number AS label, 'own:' || q.name AS detail
			FROM service_requests x JOIN records r ON r.id = x.id` + votes + `JOIN people q ON q.id = x.requester_id
			WHERE e.at >= @since AND x.requester_id IN (e.actor_id, e.member_id)`,
	},
	{
		ID: "REQ-03", Clause: "GB/T 22239 8.1.4.2d/e", Severity: High,
		Population: `SELECT count(*)` + begun + ` AND x.access`,
		Exceptions: `SELECT DISTINCT 'servicerequest' AS kind, x.id AS object_id, r.number AS label, 'both:' || q.name AS detail
			FROM service_requests x JOIN records r ON r.id = x.id` + votes + `JOIN service_request_tasks t ON t.request_id = x.id AND t.done_by IN (e.actor_id, e.member_id) JOIN people q ON q.id = t.done_by
			WHERE x.access AND x.updated_at >= @since`,
	},
	{
		ID: "REQ-04", Clause: "ISO/IEC 20000-1 8.6.2, 8.2.4 · GB/T 28827.1 5.2a", Severity: Low,
		Population: `SELECT count(*) FROM records r WHERE r.kind = 'servicerequest' AND r.category IN ('new', 'active', 'pending') AND r.state <> 'draft'`,
		Exceptions: `SELECT r.kind, r.id AS object_id, r.number AS label, 'item:' AS detail
			FROM records r JOIN service_requests x ON x.id = r.id JOIN catalog_items i ON i.id = x.item_id
			WHERE r.kind = 'servicerequest' AND r.category IN ('new', 'active', 'pending') AND r.state <> 'draft' AND i.state <> 'approved'`,
	},
	{
		ID: "SLA-01", Clause: "ISO/IEC 20000-1 8.3.3 · GB/T 28827.1 9.2b", Severity: High,
		Population: `SELECT count(*) FROM services s WHERE s.active`,
		Exceptions: `SELECT 'service' AS kind, s.id AS object_id, s.name_zh AS label, 'uncovered:' AS detail FROM services s WHERE s.active AND NOT EXISTS (
				SELECT 1` + holding + ` AND NOT v.vip AND cardinality(v.departments) = 0
					AND (cardinality(v.kinds) = 0 OR 'incident' = ANY (v.kinds)) AND (cardinality(v.services) = 0 OR s.id = ANY (v.services)))
			UNION ALL SELECT 'agreement', v.id, v.name_zh, 'author:' FROM sla_versions v WHERE v.approved_by = ANY (v.authors)`,
	},
	{
		ID: "SLA-02", Clause: "ISO/IEC 20000-1 8.3.3 · GB/T 28827.1 9.2d", Severity: Medium,
		Population: `SELECT count(*)` + holding,
		Exceptions: `SELECT 'agreement' AS kind, v.id AS object_id, v.name_zh AS label, 'review:' || v.review_by AS detail` + holding +
			` AND (v.review_by < (@now::timestamptz)::date OR v.approved_at < @now::timestamptz - interval '1 year')`,
	},
	{
		ID: "SLA-03", Clause: "ISO/IEC 20000-1 8.3.3 · GB/T 28827.1 9.2", Severity: High,
		Population: `SELECT count(*)` + holding,
		Exceptions: `SELECT kind, object_id, label, 'terms:' || string_agg(what, ', ' ORDER BY what) AS detail FROM (
			SELECT 'agreement' AS kind, v.id AS object_id, v.name_zh AS label, CASE
				WHEN coalesce(t.value->>'resolution', '') = '' OR coalesce(t.value->>'response', '') = '' THEN 'P' || t.ordinality || ' ∅'
				WHEN ` + minutesOf("t.value->>'resolution'") + ` > ` + minutesOf("v.targets->(t.ordinality::int)->>'resolution'") + ` THEN 'P' || t.ordinality || ' > P' || t.ordinality + 1
				WHEN ` + minutesOf("t.value->>'response'") + ` > ` + minutesOf("v.targets->(t.ordinality::int)->>'response'") + ` THEN 'P' || t.ordinality || ' > P' || t.ordinality + 1
			END AS what
			FROM (SELECT v.id, v.name_zh, v.targets` + holding + `) v CROSS JOIN jsonb_array_elements(v.targets) WITH ORDINALITY t) broken
			WHERE what IS NOT NULL GROUP BY kind, object_id, label`,
	},
}

// minutesOf turns a target such as 30m, 4h or 2d into working minutes; a day has
// eight hours.
func minutesOf(target string) string {
	const head, tail = `(SELECT sum((m[1])::int * CASE m[2] WHEN 'm' THEN 1 WHEN 'h' THEN 60 ELSE 480 END) FROM regexp_matches(`, `, '(\d+)([mhd])', 'g') m)`
	return head + target + tail
}
