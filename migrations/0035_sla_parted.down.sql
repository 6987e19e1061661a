DELETE FROM sla_fired a USING sla_fired b
    WHERE a.record_id = b.record_id AND a.metric = b.metric AND a.stint = b.stint AND a.mark = b.mark AND a.goal_us > b.goal_us;
ALTER TABLE sla_fired DROP CONSTRAINT sla_fired_pkey,
    DROP COLUMN goal_us,
    ADD CONSTRAINT sla_fired_pkey PRIMARY KEY (record_id, metric, stint, mark);

-- Without the kind the merge counts again; the same terms as before change nothing.
UPDATE sla_events SET kind = 'reclassified', since = NULL WHERE kind = 'parted';
ALTER TABLE sla_events DROP CONSTRAINT sla_events_kind,
    ADD CONSTRAINT sla_events_kind CHECK (kind IN ('started', 'responded', 'paused', 'resumed', 'stopped', 'reopened', 'voided', 'reclassified', 'joined', 'handed'));
