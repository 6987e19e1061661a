-- What people are told, in the desk (notifications) and by mail (outbox).
CREATE TABLE notifications (
    id         uuid        NOT NULL CONSTRAINT notifications_pkey PRIMARY KEY,
    person_id  uuid        NOT NULL,
    event_id   uuid        NOT NULL,
    event      text        NOT NULL,
    audience   text        NOT NULL, -- requester or agent: decides the words
    kind       text        NOT NULL,
    record_id  uuid        NOT NULL,
    number     text        NOT NULL,
    title      text        NOT NULL, -- empty for confidential records
    actor_name text        NOT NULL,
    created_at timestamptz NOT NULL,
    read_at    timestamptz,
    CONSTRAINT notifications_once UNIQUE (event_id, person_id)
);
CREATE INDEX notifications_person_idx ON notifications (person_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread_idx ON notifications (person_id) WHERE read_at IS NULL;

CREATE TABLE outbox (
    id         uuid        NOT NULL CONSTRAINT outbox_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    person_id  uuid        NOT NULL,
    dedupe     text        NOT NULL CONSTRAINT outbox_dedupe_key UNIQUE,
    address    text        NOT NULL,
    subject    text        NOT NULL,
    body       text        NOT NULL,
    thread     text        NOT NULL DEFAULT '', -- number of the record it is about
    secret     boolean     NOT NULL DEFAULT false, -- carries a one-time link: its text is never shown, and forgotten once sent
    state      text        NOT NULL,
    attempts   integer     NOT NULL DEFAULT 0,
    last_error text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    sent_at    timestamptz,
    CONSTRAINT outbox_state CHECK (state IN ('held', 'queued', 'sent', 'failed'))
);
CREATE INDEX outbox_created_idx ON outbox (created_at DESC, id DESC);
CREATE INDEX outbox_state_idx ON outbox (state, created_at DESC, id DESC);
