DELETE FROM sla_events WHERE kind = 'unanswered';
ALTER TABLE sla_events DROP CONSTRAINT sla_events_kind,
    ADD CONSTRAINT sla_events_kind CHECK (kind IN ('started', 'responded', 'paused', 'resumed', 'stopped', 'reopened', 'voided', 'reclassified', 'joined', 'handed', 'parted'));
