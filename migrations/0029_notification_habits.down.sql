-- What waited is kept as held.
UPDATE outbox SET state = 'held' WHERE state IN ('waiting', 'digest', 'merged', 'dropped');
DROP INDEX outbox_due_idx;
ALTER TABLE outbox
    DROP COLUMN due_at, DROP COLUMN event, DROP COLUMN audience, DROP COLUMN kind, DROP COLUMN record_id, DROP COLUMN number, DROP COLUMN title, DROP COLUMN actor_name,
    DROP CONSTRAINT outbox_state,
    ADD CONSTRAINT outbox_state CHECK (state IN ('held', 'queued', 'sent', 'failed'));
DROP TABLE notification_habits;
