-- Requests from the catalogue (regulation 4.3).
CREATE SEQUENCE service_request_numbers;

CREATE TABLE service_requests (
    id             uuid        NOT NULL CONSTRAINT service_requests_pkey PRIMARY KEY,
    version        integer     NOT NULL DEFAULT 1,
    number         bigint      NOT NULL CONSTRAINT service_requests_number_key UNIQUE,
    item_id        uuid        NOT NULL CONSTRAINT service_requests_item_fkey REFERENCES catalog_items (id),
    version_id     uuid        NOT NULL CONSTRAINT service_requests_version_fkey REFERENCES catalog_versions (id),
    title          text        NOT NULL,
    state          text        NOT NULL,
    pending_reason text        NOT NULL DEFAULT '',
    answers        jsonb       NOT NULL,
    remark         text        NOT NULL DEFAULT '',
    impact         smallint    NOT NULL,
    urgency        smallint    NOT NULL,
    priority       smallint    NOT NULL,
    price          bigint      NOT NULL DEFAULT 0, -- in hundredths, as it was when submitted
    access         boolean     NOT NULL,
    requester_id   uuid        NOT NULL CONSTRAINT service_requests_requester_fkey REFERENCES people (id),
    created_by     uuid        NOT NULL,
    department_id  uuid        CONSTRAINT service_requests_department_fkey REFERENCES departments (id),
    service_id     uuid        CONSTRAINT service_requests_service_fkey REFERENCES services (id),
    team_id        uuid        CONSTRAINT service_requests_team_fkey REFERENCES teams (id),
    assignee_id    uuid        CONSTRAINT service_requests_assignee_fkey REFERENCES people (id),
    reject_reason  text        NOT NULL DEFAULT '',
    cancel_reason  text        NOT NULL DEFAULT '',
    copy_of        uuid,
    reopen_count   integer     NOT NULL DEFAULT 0,
    submitted_at   timestamptz,
    approved_at    timestamptz,
    expected_at    timestamptz, -- when it comes, as the requester was told
    fulfilled_at   timestamptz,
    fulfilled_by   uuid,
    closed_at      timestamptz,
    closed_by      uuid,
    auto_close_at  timestamptz,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CONSTRAINT service_requests_state CHECK (state IN ('draft', 'submitted', 'approving', 'approved', 'fulfilling', 'pending', 'fulfilled', 'closed', 'rejected', 'cancelled')),
    CONSTRAINT service_requests_pending_has_reason CHECK ((state = 'pending') = (pending_reason <> '')),
    CONSTRAINT service_requests_rejected_has_reason CHECK (state <> 'rejected' OR reject_reason <> ''),
    CONSTRAINT service_requests_approved_first CHECK (state NOT IN ('approved', 'fulfilling', 'pending', 'fulfilled', 'closed') OR (submitted_at IS NOT NULL AND approved_at IS NOT NULL)),
    CONSTRAINT service_requests_fulfilled_has_time CHECK (state NOT IN ('fulfilled', 'closed') OR fulfilled_at IS NOT NULL),
    CONSTRAINT service_requests_impact CHECK (impact BETWEEN 1 AND 3),
    CONSTRAINT service_requests_urgency CHECK (urgency BETWEEN 1 AND 3),
    CONSTRAINT service_requests_priority CHECK (priority BETWEEN 1 AND 4)
);
CREATE INDEX service_requests_auto_close_idx ON service_requests (auto_close_at) WHERE state = 'fulfilled' AND auto_close_at IS NOT NULL;
CREATE INDEX service_requests_quota_idx ON service_requests (item_id, requester_id, submitted_at) WHERE state NOT IN ('draft', 'rejected', 'cancelled');

CREATE TABLE service_request_tasks (
    id          uuid        NOT NULL CONSTRAINT service_request_tasks_pkey PRIMARY KEY,
    request_id  uuid        NOT NULL CONSTRAINT service_request_tasks_request_fkey REFERENCES service_requests (id),
    key         text        NOT NULL,
    title_zh    text        NOT NULL,
    title_en    text        NOT NULL,
    output      text        NOT NULL,
    state       text        NOT NULL,
    team_id     uuid        CONSTRAINT service_request_tasks_team_fkey REFERENCES teams (id),
    assignee_id uuid        CONSTRAINT service_request_tasks_assignee_fkey REFERENCES people (id),
    position    integer     NOT NULL,
    after       text[]      NOT NULL,
    ready_at    timestamptz,
    done_at     timestamptz,
    done_by     uuid,
    remark      text        NOT NULL DEFAULT '',
    made_kind   text        NOT NULL DEFAULT '', -- the record that the task made
    made_id     uuid,
    CONSTRAINT service_request_tasks_key UNIQUE (request_id, key),
    CONSTRAINT service_request_tasks_state CHECK (state IN ('waiting', 'ready', 'done', 'skipped', 'void')),
    CONSTRAINT service_request_tasks_output CHECK (output IN ('task', 'incident')),
    CONSTRAINT service_request_tasks_done CHECK ((state = 'done') = (done_at IS NOT NULL))
);
-- What a team or a person has to do now, the oldest first.
CREATE INDEX service_request_tasks_team_idx ON service_request_tasks (team_id, ready_at, id) WHERE state = 'ready';
CREATE INDEX service_request_tasks_assignee_idx ON service_request_tasks (assignee_id, ready_at, id) WHERE state = 'ready';
CREATE INDEX service_request_tasks_made_idx ON service_request_tasks (made_id) WHERE made_id IS NOT NULL;
