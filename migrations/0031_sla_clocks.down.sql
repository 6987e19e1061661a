DROP INDEX records_open_due_idx;
DROP TABLE sla_fired;
DROP TABLE sla_breaches;
DROP FUNCTION sla_breaches_stay;
DROP TABLE sla_clocks;
DROP TABLE sla_events;
DROP TABLE sla_versions;
DROP TABLE sla_agreements;
