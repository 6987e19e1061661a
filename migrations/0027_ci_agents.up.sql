-- Tokens with which inventory agents report. Only the hash is kept.
CREATE TABLE ci_agent_tokens (
    id           uuid        NOT NULL CONSTRAINT ci_agent_tokens_pkey PRIMARY KEY,
    name         text        NOT NULL,
    token_hash   bytea       NOT NULL CONSTRAINT ci_agent_tokens_hash_key UNIQUE,
    created_by   uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);

-- Parts of an item as agents report them: packages, network cards, disks. A
-- part never vanishes: it ends.
CREATE TABLE ci_parts (
    item_id    uuid        NOT NULL CONSTRAINT ci_parts_item_fkey REFERENCES ci_items (id),
    kind       text        NOT NULL,
    key        text        NOT NULL,
    detail     text        NOT NULL, -- what tells one state of the part from another, such as its version
    since      timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE UNIQUE INDEX ci_parts_now_key ON ci_parts (item_id, kind, key) WHERE ended_at IS NULL;
CREATE INDEX ci_parts_history_idx ON ci_parts (item_id, since DESC);

-- A change that a source saw and no approved change covers: somebody disposes
-- of it.
CREATE TABLE ci_drifts (
    id         uuid        NOT NULL CONSTRAINT ci_drifts_pkey PRIMARY KEY,
    item_id    uuid        NOT NULL CONSTRAINT ci_drifts_item_fkey REFERENCES ci_items (id),
    at         timestamptz NOT NULL,
    source     text        NOT NULL,
    source_ref text        NOT NULL,
    changes    jsonb       NOT NULL,
    state      text        NOT NULL DEFAULT 'open',
    reason     text        NOT NULL DEFAULT '',
    change_ref text        NOT NULL DEFAULT '',
    decided_by uuid,
    decided_at timestamptz,
    CONSTRAINT ci_drifts_state CHECK (state IN ('open', 'accepted', 'linked', 'muted')),
    CONSTRAINT ci_drifts_decided CHECK (state NOT IN ('accepted', 'linked') OR decided_by IS NOT NULL AND (reason <> '' OR change_ref <> ''))
);
CREATE INDEX ci_drifts_open_idx ON ci_drifts (at DESC, id DESC) WHERE state = 'open';
CREATE INDEX ci_drifts_item_idx ON ci_drifts (item_id, at DESC);
