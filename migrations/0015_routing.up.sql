-- Routing rules: versions of the whole ordered set, and what rules did.
CREATE TABLE routing_sets (
    id           uuid        NOT NULL CONSTRAINT routing_sets_pkey PRIMARY KEY,
    version      integer     NOT NULL DEFAULT 1,
    number       integer     NOT NULL DEFAULT 0, -- of the published set; 0 for a draft
    state        text        NOT NULL,
    rules        jsonb       NOT NULL,
    note         text        NOT NULL DEFAULT '',
    created_by   uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    published_at timestamptz,
    published_by uuid,
    CONSTRAINT routing_sets_state CHECK (state IN ('draft', 'published', 'retired', 'dropped')),
    CONSTRAINT routing_sets_numbered CHECK ((state IN ('published', 'retired')) = (number > 0))
);
CREATE UNIQUE INDEX routing_sets_one_draft_key ON routing_sets (state) WHERE state = 'draft';
CREATE UNIQUE INDEX routing_sets_one_in_force_key ON routing_sets (state) WHERE state = 'published';
CREATE UNIQUE INDEX routing_sets_number_key ON routing_sets (number) WHERE number > 0;

-- What was published stays as it was.
CREATE FUNCTION keep_published_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'published rules are never changed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER routing_sets_keep BEFORE UPDATE ON routing_sets FOR EACH ROW
    WHEN (OLD.state <> 'draft' AND (NEW.rules IS DISTINCT FROM OLD.rules OR NEW.number <> OLD.number OR NEW.note <> OLD.note OR NEW.state = 'draft'))
    EXECUTE FUNCTION keep_published_rules();

-- One row for each rule that moved a record.
CREATE TABLE routing_applications (
    id        uuid        NOT NULL CONSTRAINT routing_applications_pkey PRIMARY KEY,
    record_id uuid        NOT NULL,
    set_id    uuid        NOT NULL CONSTRAINT routing_applications_set_fkey REFERENCES routing_sets (id),
    number    integer     NOT NULL,
    rule_id   uuid        NOT NULL,
    rule      text        NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX routing_applications_record_idx ON routing_applications (record_id, at);
CREATE INDEX routing_applications_rule_idx ON routing_applications (rule_id, at);
