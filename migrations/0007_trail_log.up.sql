-- The order in which trail entries were sealed. The hashes themselves stand in
-- a file outside the database, so that whoever can change rows here cannot
-- make the two agree again.
CREATE TABLE trail_leaves (
    leaf     bigint NOT NULL CONSTRAINT trail_leaves_pkey PRIMARY KEY,
    entry_id bigint NOT NULL CONSTRAINT trail_leaves_entry_key UNIQUE
);
CREATE TRIGGER trail_leaves_append_only BEFORE UPDATE OR DELETE ON trail_leaves FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trail_leaves_no_truncate BEFORE TRUNCATE ON trail_leaves FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Up to which transaction everything is sealed. One row.
CREATE TABLE trail_log (
    one     boolean NOT NULL DEFAULT true CONSTRAINT trail_log_pkey PRIMARY KEY,
    size    bigint  NOT NULL DEFAULT 0,
    horizon bigint  NOT NULL DEFAULT 0,
    CONSTRAINT trail_log_one CHECK (one)
);
INSERT INTO trail_log DEFAULT VALUES;
CREATE INDEX trail_entries_xid_idx ON trail_entries USING brin (xid) WITH (pages_per_range = 16);

-- Verifications that people asked for, and what they found.
CREATE TABLE trail_checks (
    id         uuid        NOT NULL CONSTRAINT trail_checks_pkey PRIMARY KEY,
    asked_by   uuid        NOT NULL,
    asked_name text        NOT NULL,
    asked_at   timestamptz NOT NULL,
    ended_at   timestamptz,
    size       bigint      NOT NULL DEFAULT 0,
    waiting    bigint      NOT NULL DEFAULT 0,
    findings   jsonb       NOT NULL DEFAULT '[]'
);
CREATE INDEX trail_checks_asked_idx ON trail_checks (asked_at DESC, id DESC);
