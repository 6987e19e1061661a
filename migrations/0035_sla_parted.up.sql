-- A merge can be taken back, and marks are told once for each target that a clock had.
ALTER TABLE sla_events DROP CONSTRAINT sla_events_kind,
    ADD CONSTRAINT sla_events_kind CHECK (kind IN ('started', 'responded', 'paused', 'resumed', 'stopped', 'reopened', 'voided', 'reclassified', 'joined', 'handed', 'parted'));

ALTER TABLE sla_fired ADD COLUMN goal_us bigint NOT NULL DEFAULT 0;
UPDATE sla_fired f SET goal_us = k.goal_us FROM sla_clocks k WHERE k.record_id = f.record_id AND k.metric = f.metric AND k.stint = f.stint;
ALTER TABLE sla_fired ALTER COLUMN goal_us DROP DEFAULT,
    DROP CONSTRAINT sla_fired_pkey,
    ADD CONSTRAINT sla_fired_pkey PRIMARY KEY (record_id, metric, stint, mark, goal_us);
