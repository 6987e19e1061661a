-- Public replies and internal notes are different tables: what the requester's
-- pages read can never select a note (controls §4).
CREATE TABLE comments (
    id          uuid        NOT NULL CONSTRAINT comments_pkey PRIMARY KEY,
    record_id   uuid        NOT NULL CONSTRAINT comments_record_fkey REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    author_id   uuid        NOT NULL,
    author_name text        NOT NULL,
    body        text        NOT NULL,
    thanks      boolean     NOT NULL DEFAULT false, -- says no more than thank you
    at          timestamptz NOT NULL
);
CREATE INDEX comments_record_idx ON comments (record_id, at DESC, id DESC);

CREATE TABLE notes (
    id          uuid        NOT NULL CONSTRAINT notes_pkey PRIMARY KEY,
    record_id   uuid        NOT NULL CONSTRAINT notes_record_fkey REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED,
    author_id   uuid        NOT NULL,
    author_name text        NOT NULL,
    body        text        NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX notes_record_idx ON notes (record_id, at DESC, id DESC);

CREATE TABLE attachments (
    id          uuid        NOT NULL CONSTRAINT attachments_pkey PRIMARY KEY,
    record_id   uuid        CONSTRAINT attachments_record_fkey REFERENCES records (id) DEFERRABLE INITIALLY DEFERRED, -- null until the form is sent
    comment_id  uuid,
    internal    boolean     NOT NULL DEFAULT false,
    name        text        NOT NULL,
    size        bigint      NOT NULL,
    media_type  text        NOT NULL,
    sha256      text        NOT NULL,
    uploaded_by uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    bound_at    timestamptz,
    CONSTRAINT attachments_size CHECK (size >= 0)
);
CREATE INDEX attachments_record_idx ON attachments (record_id, created_at, id) WHERE record_id IS NOT NULL;
CREATE INDEX attachments_loose_idx ON attachments (created_at) WHERE record_id IS NULL;
CREATE INDEX attachments_content_idx ON attachments (sha256);

CREATE TABLE drafts (
    person_id  uuid        NOT NULL,
    key        text        NOT NULL,
    body       jsonb       NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT drafts_pkey PRIMARY KEY (person_id, key)
);
CREATE INDEX drafts_updated_idx ON drafts (updated_at);
