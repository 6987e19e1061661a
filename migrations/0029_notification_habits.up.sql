-- What people like to be told, how and when; and mails that wait for it.
CREATE TABLE notification_habits (
    person_id  uuid        NOT NULL CONSTRAINT notification_habits_pkey PRIMARY KEY CONSTRAINT notification_habits_person_fkey REFERENCES people (id),
    habits     jsonb       NOT NULL,
    updated_at timestamptz NOT NULL
);

ALTER TABLE outbox
    ADD COLUMN due_at     timestamptz, -- when quiet hours are over, or the digest is due
    ADD COLUMN event      text NOT NULL DEFAULT '',
    ADD COLUMN audience   text NOT NULL DEFAULT '',
    ADD COLUMN kind       text NOT NULL DEFAULT '',
    ADD COLUMN record_id  uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    ADD COLUMN number     text NOT NULL DEFAULT '',
    ADD COLUMN title      text NOT NULL DEFAULT '',
    ADD COLUMN actor_name text NOT NULL DEFAULT '',
    DROP CONSTRAINT outbox_state,
    ADD CONSTRAINT outbox_state CHECK (state IN ('held', 'queued', 'sent', 'failed', 'waiting', 'digest', 'merged', 'dropped'));
CREATE INDEX outbox_due_idx ON outbox (state, due_at) WHERE state IN ('waiting', 'digest');
