package audit

// inspectionControls are the rules about routine maintenance (regulation 1, 2,
// 4.4): what was planned is done, and in time.
var inspectionControls = []Control{
	{
		ID: "CFG-02", Clause: "GB/T 22239 8.1.10.1a, 8.1.10.4a · ISO/IEC 20000-1 8.2.6", Severity: Medium,
		Population: `SELECT count(*) FROM inspections i WHERE i.due_at >= @since AND i.due_at <= @now AND i.state <> 'cancelled'`,
		Exceptions: `SELECT 'inspection' AS kind, i.id AS object_id, r.number AS label, CASE WHEN i.state = 'missed' THEN 'uninspected:' ELSE 'overdue_inspection:' END || to_char(i.due_at` + utcText + ` AS detail
			FROM inspections i JOIN records r ON r.id = i.id WHERE i.due_at >= @since AND (i.state = 'missed' OR i.state IN ('planned', 'in_progress') AND i.due_at < @now::timestamptz - interval '24 hours')`,
	},
}
