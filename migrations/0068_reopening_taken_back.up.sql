-- A reopening can be taken back at once: the verdict of its clocks stands.
ALTER TABLE sla_events DROP CONSTRAINT sla_events_kind,
    ADD CONSTRAINT sla_events_kind CHECK (kind IN ('started', 'responded', 'unanswered', 'paused', 'resumed', 'stopped', 'reopened', 'stands', 'voided', 'reclassified', 'joined', 'handed', 'parted'));
