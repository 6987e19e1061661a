-- What somebody waits for a person to do on a record: the part of the inbox
-- that vanishes by itself when the thing is done.
CREATE TABLE record_waits (
    id        uuid        NOT NULL CONSTRAINT record_waits_pkey PRIMARY KEY,
    record_id uuid        NOT NULL CONSTRAINT record_waits_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    person_id uuid        NOT NULL,
    what      text        NOT NULL, -- which words say it, such as approval.asked
    source_id uuid        NOT NULL, -- the seat, the task or the question
    path      text        NOT NULL, -- of the page to do it on; '' is the record's
    detail    text        NOT NULL, -- the title of a task, the name of a step
    due_at    timestamptz,
    since     timestamptz NOT NULL,
    shown_at  timestamptz NOT NULL, -- later than now: snoozed until then
    CONSTRAINT record_waits_once UNIQUE (source_id, person_id)
);
CREATE INDEX record_waits_person_idx ON record_waits (person_id, shown_at DESC, id DESC);
CREATE INDEX record_waits_record_idx ON record_waits (record_id);

-- Approvals: processes about records. What happened in one stands in
-- approval_entries, and the columns of this table only repeat what the entries
-- come to, for lists.
CREATE TABLE approvals (
    id          uuid        NOT NULL CONSTRAINT approvals_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    kind        text        NOT NULL,
    record_id   uuid        NOT NULL CONSTRAINT approvals_record_fkey REFERENCES records (id),
    previous_id uuid        CONSTRAINT approvals_previous_fkey REFERENCES approvals (id), -- voided, and asked again by this one
    spec        jsonb       NOT NULL, -- the steps, as they were defined when it was opened
    content     text        NOT NULL, -- canonical JSON of what is to be approved
    hash        text        NOT NULL, -- SHA-256 of content
    status      text        NOT NULL,
    step        integer     NOT NULL,
    round       integer     NOT NULL,
    stuck       boolean     NOT NULL DEFAULT false, -- nobody can be found who may decide
    opened_by   uuid        NOT NULL,
    opened_at   timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    closed_at   timestamptz,
    look_at     timestamptz NOT NULL, -- when the desk looks after it next
    CONSTRAINT approvals_status CHECK (status IN ('open', 'held', 'approved', 'rejected', 'withdrawn', 'void')),
    CONSTRAINT approvals_closed CHECK ((closed_at IS NULL) = (status IN ('open', 'held')))
);
CREATE UNIQUE INDEX approvals_one_open ON approvals (record_id) WHERE status IN ('open', 'held');
CREATE INDEX approvals_record_idx ON approvals (record_id, opened_at DESC, id DESC);
CREATE INDEX approvals_previous_idx ON approvals (previous_id) WHERE previous_id IS NOT NULL;
CREATE INDEX approvals_look_idx ON approvals (look_at) WHERE status = 'open';
CREATE INDEX approvals_opened_by_idx ON approvals (opened_by, opened_at DESC, id DESC);

-- The log of a process. Nothing in it is ever changed.
CREATE TABLE approval_entries (
    approval_id uuid        NOT NULL CONSTRAINT approval_entries_approval_fkey REFERENCES approvals (id),
    seq         integer     NOT NULL,
    round       integer     NOT NULL,
    kind        text        NOT NULL,
    seat_id     uuid,
    member_id   uuid, -- whose seat it is
    actor_id    uuid        NOT NULL, -- who acted: the member, or "B on behalf of A"
    to_id       uuid, -- of a delegation
    reason      text        NOT NULL DEFAULT '',
    detail      jsonb       NOT NULL DEFAULT '{}',
    hash        text        NOT NULL, -- of the content that was looked at
    at          timestamptz NOT NULL,
    CONSTRAINT approval_entries_pkey PRIMARY KEY (approval_id, seq),
    CONSTRAINT approval_entries_kind CHECK (kind IN ('approve', 'reject', 'recuse', 'opened', 'joined', 'ask', 'answer', 'hold', 'release', 'withdraw', 'void', 'delegate', 'reminded', 'escalated')),
    CONSTRAINT approval_entries_reason CHECK (kind NOT IN ('reject', 'recuse', 'ask', 'answer') OR reason <> '')
);
-- One vote per seat and opening of a step, and one per person who votes: a
-- deputy has not two voices.
CREATE UNIQUE INDEX approval_votes_member_key ON approval_entries (approval_id, round, member_id) WHERE kind IN ('approve', 'reject', 'recuse');
CREATE UNIQUE INDEX approval_votes_voter_key ON approval_entries (approval_id, round, actor_id) WHERE kind IN ('approve', 'reject');
CREATE TRIGGER approval_entries_append_only BEFORE UPDATE OR DELETE ON approval_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_entries_no_truncate BEFORE TRUNCATE ON approval_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who was asked, as resolved when the step was opened.
CREATE TABLE approval_seats (
    id           uuid        NOT NULL CONSTRAINT approval_seats_pkey PRIMARY KEY,
    approval_id  uuid        NOT NULL CONSTRAINT approval_seats_approval_fkey REFERENCES approvals (id),
    seq          integer     NOT NULL, -- of the entry that made it
    round        integer     NOT NULL,
    position     integer     NOT NULL,
    person_id    uuid        NOT NULL,
    source       text        NOT NULL, -- person, team, role, service_owner, manager, row, stand_in
    chair        boolean     NOT NULL,
    groups       integer[]   NOT NULL,
    vetoes       integer[]   NOT NULL,
    waiver_until timestamptz, -- of a stand-in (S12): a waiver, which ends
    CONSTRAINT approval_seats_person_key UNIQUE (approval_id, round, person_id),
    CONSTRAINT approval_seats_waiver CHECK ((source = 'stand_in') = (waiver_until IS NOT NULL))
);
CREATE INDEX approval_seats_person_idx ON approval_seats (person_id, approval_id);
CREATE TRIGGER approval_seats_append_only BEFORE UPDATE OR DELETE ON approval_seats FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Dated deputies (S11).
CREATE TABLE deputies (
    id         uuid        NOT NULL CONSTRAINT deputies_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    person_id  uuid        NOT NULL CONSTRAINT deputies_person_fkey REFERENCES people (id),
    deputy_id  uuid        NOT NULL CONSTRAINT deputies_deputy_fkey REFERENCES people (id),
    begins_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    reason     text        NOT NULL DEFAULT '',
    begun      boolean     NOT NULL DEFAULT false, -- the deputy has been given what waits
    ended      boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT deputies_not_self CHECK (deputy_id <> person_id),
    CONSTRAINT deputies_days CHECK (ends_at > begins_at AND ends_at <= begins_at + interval '30 days')
);
CREATE INDEX deputies_person_idx ON deputies (person_id, begins_at DESC, id DESC);
CREATE INDEX deputies_deputy_idx ON deputies (deputy_id, ends_at);
CREATE INDEX deputies_due_idx ON deputies (begins_at) WHERE NOT ended;
