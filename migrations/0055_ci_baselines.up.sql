-- A baseline keeps which version of which item was in force at an instant. The
-- versions themselves are never changed, so that a number of each is enough.
CREATE TABLE ci_baselines (
    id         uuid        NOT NULL CONSTRAINT ci_baselines_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    name_zh    text        NOT NULL,
    name_en    text        NOT NULL,
    reason     text        NOT NULL,
    scope      jsonb       NOT NULL, -- which items it asks for
    at         timestamptz NOT NULL, -- the instant it shows
    state      text        NOT NULL,
    problem    text        NOT NULL DEFAULT '', -- message key of why it failed
    batch_id   uuid,
    items      integer     NOT NULL DEFAULT 0,
    hash       text        NOT NULL DEFAULT '', -- SHA-256 of its content
    made_by    uuid        NOT NULL,
    made_name  text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT ci_baselines_named CHECK (name_zh <> '' OR name_en <> ''),
    CONSTRAINT ci_baselines_state CHECK (state IN ('taking', 'taken', 'failed')),
    CONSTRAINT ci_baselines_hash CHECK ((state = 'taken') = (hash <> ''))
);
CREATE UNIQUE INDEX ci_baselines_batch_key ON ci_baselines (batch_id);
CREATE INDEX ci_baselines_created_idx ON ci_baselines (created_at DESC, id DESC);

CREATE TABLE ci_baseline_items (
    baseline_id uuid    NOT NULL CONSTRAINT ci_baseline_items_baseline_fkey REFERENCES ci_baselines (id),
    item_id     uuid    NOT NULL,
    version     integer NOT NULL,
    CONSTRAINT ci_baseline_items_pkey PRIMARY KEY (baseline_id, item_id),
    CONSTRAINT ci_baseline_items_version_fkey FOREIGN KEY (item_id, version) REFERENCES ci_versions (item_id, version)
);

-- Once taken, nothing of a baseline changes any more.
CREATE FUNCTION ci_baseline_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'taking' OR NEW.at <> OLD.at OR NEW.scope <> OLD.scope OR NEW.name_zh <> OLD.name_zh OR NEW.name_en <> OLD.name_en
        OR NEW.reason <> OLD.reason OR NEW.made_by <> OLD.made_by OR NEW.made_name <> OLD.made_name OR NEW.created_at <> OLD.created_at THEN
        RAISE EXCEPTION 'a baseline is never changed or removed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ci_baselines_sealed BEFORE UPDATE OR DELETE ON ci_baselines FOR EACH ROW EXECUTE FUNCTION ci_baseline_sealed();
CREATE TRIGGER ci_baselines_no_truncate BEFORE TRUNCATE ON ci_baselines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ci_baseline_items_append_only BEFORE UPDATE OR DELETE ON ci_baseline_items FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ci_baseline_items_no_truncate BEFORE TRUNCATE ON ci_baseline_items FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Items join a baseline only while it is being taken. Statement by statement:
-- fifty thousand rows are one question.
CREATE FUNCTION ci_baseline_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT baseline_id FROM added) a JOIN ci_baselines b ON b.id = a.baseline_id WHERE b.state <> 'taking') THEN
        RAISE EXCEPTION 'a baseline is never changed or removed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ci_baseline_items_open AFTER INSERT ON ci_baseline_items REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ci_baseline_open();
