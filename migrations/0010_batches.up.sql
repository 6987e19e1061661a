-- Long work that a person started: bulk changes and exports. It survives the
-- desk: what has an outcome is not done again.
CREATE TABLE batches (
    id          uuid        NOT NULL CONSTRAINT batches_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    kind        text        NOT NULL, -- who does it, such as incident.bulk
    owner_id    uuid        NOT NULL CONSTRAINT batches_owner_fkey REFERENCES people (id),
    input       jsonb       NOT NULL,
    state       text        NOT NULL,
    total       integer     NOT NULL DEFAULT 0,
    done        integer     NOT NULL DEFAULT 0,
    succeeded   integer     NOT NULL DEFAULT 0,
    refused     integer     NOT NULL DEFAULT 0,
    undoes      uuid        CONSTRAINT batches_undoes_fkey REFERENCES batches (id),
    file        text        NOT NULL DEFAULT '', -- content address of the result
    file_name   text        NOT NULL DEFAULT '',
    problem     text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT batches_state CHECK (state IN ('draft', 'queued', 'running', 'done', 'failed', 'cancelled'))
);
CREATE INDEX batches_owner_idx ON batches (owner_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX batches_undoes_key ON batches (undoes);
CREATE INDEX batches_drafts_idx ON batches (created_at) WHERE state = 'draft';

CREATE TABLE batch_rows (
    batch_id  uuid    NOT NULL CONSTRAINT batch_rows_batch_fkey REFERENCES batches (id) ON DELETE CASCADE,
    n         integer NOT NULL,
    record_id uuid    NOT NULL,
    number    text    NOT NULL,
    outcome   text    NOT NULL DEFAULT '', -- '' waits
    code      text    NOT NULL DEFAULT '', -- why it was, or would be, refused
    undo      jsonb,                       -- what takes it back; null: nothing can
    CONSTRAINT batch_rows_pkey PRIMARY KEY (batch_id, n),
    CONSTRAINT batch_rows_outcome CHECK (outcome IN ('', 'done', 'refused'))
);
CREATE INDEX batch_rows_refused_idx ON batch_rows (batch_id, n) WHERE code <> '';
