DROP INDEX sla_breaches_list_idx;
CREATE INDEX sla_breaches_due_idx ON sla_breaches (due_at DESC, record_id);
DROP TABLE sla_nudges;
