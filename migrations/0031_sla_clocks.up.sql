-- Agreements: what is promised (sla, by services) and what a team owes the
-- others (ola). Each is a line of versions; the version in force at an instant
-- is the last approved one whose day has come.
CREATE TABLE sla_agreements (
    id         uuid        NOT NULL CONSTRAINT sla_agreements_pkey PRIMARY KEY,
    kind       text        NOT NULL,
    team_id    uuid        CONSTRAINT sla_agreements_team_fkey REFERENCES teams (id),
    created_at timestamptz NOT NULL,
    CONSTRAINT sla_agreements_kind CHECK (kind IN ('sla', 'ola')),
    CONSTRAINT sla_agreements_team CHECK ((kind = 'ola') = (team_id IS NOT NULL))
);
CREATE UNIQUE INDEX sla_agreements_team_key ON sla_agreements (team_id) WHERE team_id IS NOT NULL;

CREATE TABLE sla_versions (
    id           uuid        NOT NULL CONSTRAINT sla_versions_pkey PRIMARY KEY,
    version      integer     NOT NULL DEFAULT 1,
    agreement_id uuid        NOT NULL CONSTRAINT sla_versions_agreement_fkey REFERENCES sla_agreements (id),
    number       integer     NOT NULL,
    state        text        NOT NULL,
    name_zh      text        NOT NULL,
    name_en      text        NOT NULL,
    kinds        text[]      NOT NULL DEFAULT '{}', -- kinds of records; none: every kind
    services     uuid[]      NOT NULL DEFAULT '{}', -- none: every service
    departments  uuid[]      NOT NULL DEFAULT '{}', -- with those below them; none: every department
    vip          boolean     NOT NULL DEFAULT false, -- only for VIPs
    calendar_id  uuid        NOT NULL CONSTRAINT sla_versions_calendar_fkey REFERENCES sla_calendars (id),
    targets      jsonb       NOT NULL, -- one per priority, P1 first
    marks        jsonb       NOT NULL, -- who is told at which point of the way
    valid_from   timestamptz NOT NULL,
    valid_until  timestamptz,
    review_by    date        NOT NULL, -- control SLA-02
    authors      uuid[]      NOT NULL, -- everyone who drafted
    approved_by  uuid,
    approved_at  timestamptz,
    remark       text        NOT NULL DEFAULT '', -- why it was sent back
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT sla_versions_number_key UNIQUE (agreement_id, number),
    CONSTRAINT sla_versions_state CHECK (state IN ('draft', 'submitted', 'approved', 'withdrawn')),
    CONSTRAINT sla_versions_named CHECK (name_zh <> '' AND name_en <> ''),
    CONSTRAINT sla_versions_authored CHECK (cardinality(authors) > 0),
    CONSTRAINT sla_versions_approved CHECK ((state = 'approved') = (approved_by IS NOT NULL AND approved_at IS NOT NULL)),
    -- Separation of duties S7: nobody approves what they drafted.
    CONSTRAINT sla_versions_two_people CHECK (approved_by IS NULL OR approved_by <> ALL (authors)),
    -- Control SLA-03: every priority has its targets.
    CONSTRAINT sla_versions_complete CHECK (jsonb_array_length(targets) = 4),
    CONSTRAINT sla_versions_dates CHECK (valid_until IS NULL OR valid_until > valid_from)
);
CREATE UNIQUE INDEX sla_versions_one_draft ON sla_versions (agreement_id) WHERE state IN ('draft', 'submitted');
CREATE INDEX sla_versions_state_idx ON sla_versions (state, updated_at DESC, id DESC);

-- What happened to a record as far as its clocks are concerned. Every clock
-- follows from these lines and can be counted again.
CREATE TABLE sla_events (
    record_id     uuid        NOT NULL CONSTRAINT sla_events_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    n             integer     NOT NULL,
    at            timestamptz NOT NULL,
    kind          text        NOT NULL,
    terms_id      uuid        CONSTRAINT sla_events_terms_fkey REFERENCES sla_versions (id),
    team_terms_id uuid        CONSTRAINT sla_events_team_terms_fkey REFERENCES sla_versions (id),
    team_id       uuid,
    priority      smallint    NOT NULL DEFAULT 0,
    reason        text        NOT NULL DEFAULT '',
    pauses        boolean     NOT NULL DEFAULT false,
    since         timestamptz,
    actor_id      uuid        NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT sla_events_pkey PRIMARY KEY (record_id, n),
    CONSTRAINT sla_events_kind CHECK (kind IN ('started', 'responded', 'paused', 'resumed', 'stopped', 'reopened', 'voided', 'reclassified', 'joined', 'handed'))
);

-- How the clocks of a record stand: counted from its events, kept for lists
-- and for the scan of what falls due.
CREATE TABLE sla_clocks (
    record_id   uuid        NOT NULL CONSTRAINT sla_clocks_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    metric      text        NOT NULL,
    stint       integer     NOT NULL,
    state       text        NOT NULL,
    terms_id    uuid        NOT NULL CONSTRAINT sla_clocks_terms_fkey REFERENCES sla_versions (id),
    calendar_id uuid        NOT NULL,
    target      text        NOT NULL,
    goal_us     bigint      NOT NULL, -- working time promised, in microseconds
    spent_us    bigint      NOT NULL, -- working time used until as_of
    as_of       timestamptz NOT NULL,
    started_at  timestamptz NOT NULL,
    due_at      timestamptz,
    warn_at     timestamptz,
    crit_at     timestamptz,
    ended_at    timestamptz,
    breached_at timestamptz,
    next_at     timestamptz, -- when somebody is to be told next
    CONSTRAINT sla_clocks_pkey PRIMARY KEY (record_id, metric),
    CONSTRAINT sla_clocks_metric CHECK (metric IN ('response', 'resolution', 'team')),
    CONSTRAINT sla_clocks_state CHECK (state IN ('running', 'paused', 'met', 'missed', 'void'))
);
CREATE INDEX sla_clocks_next_idx ON sla_clocks (next_at, record_id) WHERE next_at IS NOT NULL;
CREATE INDEX sla_clocks_open_idx ON sla_clocks (calendar_id, record_id) WHERE state IN ('running', 'paused');

-- Breaches are facts: a line stays whatever is edited later. An authorised
-- exclusion takes it out of reports and leaves it visible.
CREATE TABLE sla_breaches (
    record_id     uuid        NOT NULL CONSTRAINT sla_breaches_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    metric        text        NOT NULL,
    stint         integer     NOT NULL,
    due_at        timestamptz NOT NULL, -- when the target was used up
    detected_at   timestamptz NOT NULL,
    terms_id      uuid        NOT NULL CONSTRAINT sla_breaches_terms_fkey REFERENCES sla_versions (id),
    priority      smallint    NOT NULL,
    team_id       uuid,
    excluded_at   timestamptz,
    excluded_by   uuid,
    exclusion     text        NOT NULL DEFAULT '',
    CONSTRAINT sla_breaches_pkey PRIMARY KEY (record_id, metric, stint),
    CONSTRAINT sla_breaches_exclusion CHECK ((excluded_at IS NULL) = (excluded_by IS NULL) AND (excluded_at IS NULL) = (exclusion = ''))
);
CREATE INDEX sla_breaches_due_idx ON sla_breaches (due_at DESC, record_id);
CREATE FUNCTION sla_breaches_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.record_id, NEW.metric, NEW.stint, NEW.due_at, NEW.detected_at, NEW.terms_id, NEW.priority, NEW.team_id)
        IS NOT DISTINCT FROM (OLD.record_id, OLD.metric, OLD.stint, OLD.due_at, OLD.detected_at, OLD.terms_id, OLD.priority, OLD.team_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a breach is a fact and is not changed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER sla_breaches_stay BEFORE UPDATE ON sla_breaches FOR EACH ROW EXECUTE FUNCTION sla_breaches_stay();

-- What was told at which mark of a clock: each once, whatever stopped or ran
-- twice in between.
CREATE TABLE sla_fired (
    record_id uuid        NOT NULL CONSTRAINT sla_fired_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    metric    text        NOT NULL,
    stint     integer     NOT NULL,
    mark      text        NOT NULL,
    due_at    timestamptz,
    fired_at  timestamptz NOT NULL,
    told      uuid[]      NOT NULL, -- none: the mark was past when the record was taken in
    CONSTRAINT sla_fired_pkey PRIMARY KEY (record_id, metric, stint, mark)
);

-- The queue in the order of what is due next; what has no due instant is last.
CREATE INDEX records_open_due_idx ON records (kind, (coalesce(due_at, 'infinity'::timestamptz)), id) WHERE category IN ('new', 'active', 'pending');
