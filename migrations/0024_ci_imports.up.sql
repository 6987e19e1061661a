-- Which source last said each field of an item: field → source.
ALTER TABLE ci_items ADD COLUMN origins jsonb NOT NULL DEFAULT '{}';

-- A file that somebody brings in: looked at first, then worked on as a batch.
CREATE TABLE ci_imports (
    id         uuid        NOT NULL CONSTRAINT ci_imports_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    owner_id   uuid        NOT NULL CONSTRAINT ci_imports_owner_fkey REFERENCES people (id),
    source     text        NOT NULL, -- name of the source: two imports of one source speak of the same things
    format     text        NOT NULL,
    file_name  text        NOT NULL,
    columns    text[]      NOT NULL DEFAULT '{}', -- of a table, in order
    mapping    jsonb       NOT NULL DEFAULT '{}', -- column → field
    class_id   uuid        CONSTRAINT ci_imports_class_fkey REFERENCES ci_classes (id),
    complete   boolean     NOT NULL, -- the file has all that the source knows: what is missing becomes stale
    state      text        NOT NULL,
    batch_id   uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT ci_imports_state CHECK (state IN ('mapping', 'ready', 'started', 'done')),
    CONSTRAINT ci_imports_format CHECK (format IN ('table', 'netbox'))
);
CREATE INDEX ci_imports_created_idx ON ci_imports (created_at DESC, id DESC);
CREATE INDEX ci_imports_batch_idx ON ci_imports (batch_id) WHERE batch_id IS NOT NULL;

CREATE TABLE ci_import_rows (
    import_id uuid    NOT NULL CONSTRAINT ci_import_rows_import_fkey REFERENCES ci_imports (id) ON DELETE CASCADE,
    n         integer NOT NULL,
    raw       text[],           -- of a table, as it stood in the file
    content   jsonb,            -- the thing, or the relation, that the row speaks of
    action    text    NOT NULL DEFAULT '', -- what it would do
    code      text    NOT NULL DEFAULT '', -- why it cannot
    item_id   uuid,
    changes   jsonb   NOT NULL DEFAULT '[]',
    step      integer,          -- of the batch
    CONSTRAINT ci_import_rows_pkey PRIMARY KEY (import_id, n),
    CONSTRAINT ci_import_rows_action CHECK (action IN ('', 'add', 'change', 'skip', 'failed', 'review', 'relate'))
);
CREATE INDEX ci_import_rows_action_idx ON ci_import_rows (import_id, action, n);
CREATE INDEX ci_import_rows_step_idx ON ci_import_rows (import_id, step) WHERE step IS NOT NULL;

-- What a source speaks of and nobody can tell alone: more than one item fits.
CREATE TABLE ci_reviews (
    id          uuid        NOT NULL CONSTRAINT ci_reviews_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    source      text        NOT NULL,
    source_key  text        NOT NULL, -- or a hash of the content
    name        text        NOT NULL,
    content     jsonb       NOT NULL,
    candidates  uuid[]      NOT NULL,
    reason      text        NOT NULL,
    decided     text        NOT NULL DEFAULT '', -- item, new or dismissed
    decided_by  uuid,
    decided_at  timestamptz,
    item_id     uuid,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT ci_reviews_decided CHECK (decided IN ('', 'item', 'new', 'dismissed'))
);
CREATE UNIQUE INDEX ci_reviews_open_key ON ci_reviews (source, source_key) WHERE decided = '';
CREATE INDEX ci_reviews_open_idx ON ci_reviews (created_at, id) WHERE decided = '';

-- By what name a source knows an item, and whether it still does.
CREATE TABLE ci_item_keys (
    source     text        NOT NULL,
    source_key text        NOT NULL,
    item_id    uuid        NOT NULL CONSTRAINT ci_item_keys_item_fkey REFERENCES ci_items (id),
    seen_at    timestamptz NOT NULL,
    CONSTRAINT ci_item_keys_pkey PRIMARY KEY (source, source_key)
);
CREATE INDEX ci_item_keys_item_idx ON ci_item_keys (item_id);
CREATE INDEX ci_item_keys_seen_idx ON ci_item_keys (source, seen_at);
