-- What stood stopped, in the words from before.
UPDATE sla_events SET kind = 'stopped' WHERE kind = 'stands';
ALTER TABLE sla_events DROP CONSTRAINT sla_events_kind,
    ADD CONSTRAINT sla_events_kind CHECK (kind IN ('started', 'responded', 'unanswered', 'paused', 'resumed', 'stopped', 'reopened', 'voided', 'reclassified', 'joined', 'handed', 'parted'));
