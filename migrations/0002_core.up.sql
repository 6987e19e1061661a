-- The register: one line per record of any kind, written by package work in
-- the transaction of the record itself. Lists, counts, search and the access
-- predicate read it.
CREATE TABLE records (
    id            uuid        NOT NULL CONSTRAINT records_pkey PRIMARY KEY,
    kind          text        NOT NULL,
    number        text        NOT NULL,
    title         text        NOT NULL,
    state         text        NOT NULL,
    category      text        NOT NULL, -- state category: the same few words for every kind
    priority      smallint    NOT NULL DEFAULT 0,
    requester_id  uuid,
    created_by    uuid        NOT NULL,
    assignee_id   uuid,
    team_id       uuid,
    department_id uuid,
    service_id    uuid,
    due_at        timestamptz,
    confidential  boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    closed_at     timestamptz,
    CONSTRAINT records_number_key UNIQUE (number),
    CONSTRAINT records_state_category CHECK (category IN ('new', 'active', 'pending', 'resolved', 'closed', 'cancelled'))
);
-- Each list has its index; the open ones are partial, since the open records
-- stay few while the closed ones grow for ever.
CREATE INDEX records_kind_updated_idx ON records (kind, updated_at DESC, id DESC);
CREATE INDEX records_kind_created_idx ON records (kind, created_at DESC, id DESC);
CREATE INDEX records_open_priority_idx ON records (kind, priority, created_at, id) WHERE category IN ('new', 'active', 'pending');
CREATE INDEX records_open_updated_idx ON records (kind, updated_at DESC, id DESC) WHERE category IN ('new', 'active', 'pending');
CREATE INDEX records_open_created_idx ON records (kind, created_at DESC, id DESC) WHERE category IN ('new', 'active', 'pending');
CREATE INDEX records_state_updated_idx ON records (kind, state, updated_at DESC, id DESC);
CREATE INDEX records_requester_idx ON records (requester_id, updated_at DESC, id DESC);
CREATE INDEX records_assignee_idx ON records (assignee_id, updated_at DESC, id DESC) WHERE assignee_id IS NOT NULL;
CREATE INDEX records_team_idx ON records (team_id, updated_at DESC, id DESC) WHERE team_id IS NOT NULL;
CREATE INDEX records_open_unassigned_idx ON records (kind, created_at, id) WHERE assignee_id IS NULL AND category IN ('new', 'active', 'pending');
CREATE INDEX records_department_idx ON records (department_id, updated_at DESC, id DESC) WHERE department_id IS NOT NULL;
CREATE INDEX records_service_idx ON records (service_id, updated_at DESC, id DESC) WHERE service_id IS NOT NULL;

-- People who follow a record beside its requester and its assignee.
CREATE TABLE record_watchers (
    record_id uuid        NOT NULL CONSTRAINT record_watchers_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    person_id uuid        NOT NULL,
    added_by  uuid        NOT NULL,
    added_at  timestamptz NOT NULL,
    CONSTRAINT record_watchers_pkey PRIMARY KEY (record_id, person_id)
);
CREATE INDEX record_watchers_person_idx ON record_watchers (person_id, record_id);

-- The need-to-know list of a confidential record (controls §6). It replaces
-- every other reason to see the record.
CREATE TABLE record_named (
    record_id uuid        NOT NULL CONSTRAINT record_named_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    person_id uuid        NOT NULL,
    reason    text        NOT NULL,
    until     timestamptz NOT NULL,
    added_by  uuid        NOT NULL,
    added_at  timestamptz NOT NULL,
    CONSTRAINT record_named_pkey PRIMARY KEY (record_id, person_id)
);
CREATE INDEX record_named_person_idx ON record_named (person_id, record_id);

-- People who hold a task or an approval on a record (scope P of the matrix).
CREATE TABLE record_participants (
    record_id uuid NOT NULL CONSTRAINT record_participants_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    person_id uuid NOT NULL,
    role      text NOT NULL, -- task, approval
    source_id uuid NOT NULL, -- the task or the approval
    CONSTRAINT record_participants_pkey PRIMARY KEY (record_id, person_id, role, source_id)
);
CREATE INDEX record_participants_person_idx ON record_participants (person_id, record_id);

CREATE TABLE record_links (
    from_id    uuid        NOT NULL CONSTRAINT record_links_from_fkey REFERENCES records (id) ON DELETE CASCADE,
    to_id      uuid        NOT NULL CONSTRAINT record_links_to_fkey REFERENCES records (id) ON DELETE CASCADE,
    relation   text        NOT NULL,
    created_by uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT record_links_pkey PRIMARY KEY (from_id, relation, to_id),
    CONSTRAINT record_links_not_self CHECK (from_id <> to_id)
);
CREATE INDEX record_links_to_idx ON record_links (to_id, relation);

-- The trail. Rows are written in the transaction of the act and never changed:
-- no foreign keys and names copied, so that history outlives its subjects.
CREATE TABLE trail_entries (
    id          bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT trail_entries_pkey PRIMARY KEY,
    at          timestamptz NOT NULL, -- when it was written
    occurred_at timestamptz NOT NULL, -- when it happened; earlier for back-dated and imported acts
    actor_id    uuid        NOT NULL,
    actor_name  text        NOT NULL,
    behalf_id   uuid,                 -- on whose behalf
    action      text        NOT NULL,
    kind        text        NOT NULL,
    record_id   uuid        NOT NULL,
    number      text        NOT NULL,
    version     integer     NOT NULL, -- of the record after the act; 0 where it has none
    outcome     text        NOT NULL,
    reason      text        NOT NULL, -- message key of a refusal
    diff        text        NOT NULL, -- canonical JSON: field → [before, after]
    session     text        NOT NULL,
    request_id  text        NOT NULL,
    ip          text        NOT NULL,
    user_agent  text        NOT NULL,
    app         text        NOT NULL, -- version of the program
    xid         bigint      NOT NULL DEFAULT pg_current_xact_id()::text::bigint, -- lets the sealer stay below running transactions
    CONSTRAINT trail_entries_outcome CHECK (outcome IN ('success', 'denied', 'failure'))
);
CREATE INDEX trail_entries_record_idx ON trail_entries (record_id, id);
CREATE INDEX trail_entries_actor_idx ON trail_entries (actor_id, id);
CREATE INDEX trail_entries_action_idx ON trail_entries (action, id);
CREATE INDEX trail_entries_refused_idx ON trail_entries (id) WHERE outcome <> 'success';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER trail_entries_append_only BEFORE UPDATE OR DELETE ON trail_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trail_entries_no_truncate BEFORE TRUNCATE ON trail_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- At most one effect per key: written in the transaction of the act itself.
CREATE TABLE idempotency_keys (
    actor_id   uuid        NOT NULL,
    key        text        NOT NULL,
    action     text        NOT NULL,
    input_hash bytea       NOT NULL,
    result_id  uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, key)
);
CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at);

-- Settings that an administrator may change at run time, one JSON value per
-- name; each change is in the trail.
CREATE TABLE settings (
    id         uuid        NOT NULL,
    name       text        NOT NULL CONSTRAINT settings_pkey PRIMARY KEY,
    value      jsonb       NOT NULL,
    version    integer     NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    updated_by uuid        NOT NULL
);
