-- Business services that staff and engineers speak of; issue by issue they
-- grow agreements and configuration items.
CREATE TABLE services (
    id            uuid        NOT NULL CONSTRAINT services_pkey PRIMARY KEY,
    version       integer     NOT NULL DEFAULT 1,
    name_zh       text        NOT NULL,
    name_en       text        NOT NULL,
    owner_id      uuid        CONSTRAINT services_owner_fkey REFERENCES people (id),
    team_id       uuid        CONSTRAINT services_team_fkey REFERENCES teams (id), -- first to be asked
    key_system    boolean     NOT NULL DEFAULT false, -- watched around the clock (regulation 4.4)
    active        boolean     NOT NULL DEFAULT true,
    source        text        NOT NULL DEFAULT '',
    source_key    text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT services_named CHECK (name_zh <> '' OR name_en <> '')
);
CREATE UNIQUE INDEX services_source_key ON services (source, source_key) WHERE source <> '';
CREATE INDEX services_owner_idx ON services (owner_id);

CREATE TABLE incident_categories (
    id           uuid        NOT NULL CONSTRAINT incident_categories_pkey PRIMARY KEY,
    version      integer     NOT NULL DEFAULT 1,
    parent_id    uuid        CONSTRAINT incident_categories_parent_fkey REFERENCES incident_categories (id),
    name_zh      text        NOT NULL,
    name_en      text        NOT NULL,
    team_id      uuid        CONSTRAINT incident_categories_team_fkey REFERENCES teams (id), -- where new incidents go
    confidential boolean     NOT NULL DEFAULT false, -- security and personnel matters (controls §6)
    active       boolean     NOT NULL DEFAULT true,
    source       text        NOT NULL DEFAULT '',
    source_key   text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT incident_categories_named CHECK (name_zh <> '' OR name_en <> ''),
    CONSTRAINT incident_categories_not_own_parent CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX incident_categories_source_key ON incident_categories (source, source_key) WHERE source <> '';
CREATE INDEX incident_categories_parent_idx ON incident_categories (parent_id);

-- Impact × urgency → priority. Nine cells, all present.
CREATE TABLE incident_priorities (
    impact   smallint NOT NULL,
    urgency  smallint NOT NULL,
    priority smallint NOT NULL,
    CONSTRAINT incident_priorities_pkey PRIMARY KEY (impact, urgency),
    CONSTRAINT incident_priorities_impact CHECK (impact BETWEEN 1 AND 3),
    CONSTRAINT incident_priorities_urgency CHECK (urgency BETWEEN 1 AND 3),
    CONSTRAINT incident_priorities_priority CHECK (priority BETWEEN 1 AND 4)
);
INSERT INTO incident_priorities (impact, urgency, priority) VALUES
    (1, 1, 1), (1, 2, 2), (1, 3, 3),
    (2, 1, 2), (2, 2, 3), (2, 3, 4),
    (3, 1, 3), (3, 2, 4), (3, 3, 4);

CREATE SEQUENCE incident_numbers;

CREATE TABLE incidents (
    id               uuid        NOT NULL CONSTRAINT incidents_pkey PRIMARY KEY,
    version          integer     NOT NULL DEFAULT 1,
    number           bigint      NOT NULL CONSTRAINT incidents_number_key UNIQUE,
    title            text        NOT NULL,
    description      text        NOT NULL,
    state            text        NOT NULL,
    pending_reason   text        NOT NULL DEFAULT '',
    channel          text        NOT NULL,
    impact           smallint    NOT NULL,
    urgency          smallint    NOT NULL,
    priority         smallint    NOT NULL,
    priority_reason  text        NOT NULL DEFAULT '', -- why it differs from the matrix
    category_id      uuid        CONSTRAINT incidents_category_fkey REFERENCES incident_categories (id),
    service_id       uuid        CONSTRAINT incidents_service_fkey REFERENCES services (id),
    location         text        NOT NULL DEFAULT '',
    device           text        NOT NULL DEFAULT '',
    requester_id     uuid        NOT NULL CONSTRAINT incidents_requester_fkey REFERENCES people (id),
    created_by       uuid        NOT NULL,
    department_id    uuid        CONSTRAINT incidents_department_fkey REFERENCES departments (id),
    team_id          uuid        CONSTRAINT incidents_team_fkey REFERENCES teams (id),
    assignee_id      uuid        CONSTRAINT incidents_assignee_fkey REFERENCES people (id),
    confidential     boolean     NOT NULL DEFAULT false,
    resolution_code  text        NOT NULL DEFAULT '',
    cause            text        NOT NULL DEFAULT '',
    process          text        NOT NULL DEFAULT '',
    cancel_reason    text        NOT NULL DEFAULT '',
    reopen_count     integer     NOT NULL DEFAULT 0,
    reported_at      timestamptz NOT NULL, -- when the user noticed and said so; may precede created_at
    responded_at     timestamptz, -- first response: accepted by an engineer
    resolved_at      timestamptz,
    resolved_by      uuid,
    closed_at        timestamptz,
    closed_by        uuid,
    reopened_at      timestamptz,
    reopened_by      uuid,
    auto_close_at    timestamptz, -- when silence closes it
    source           text        NOT NULL DEFAULT '',
    source_key       text        NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT incidents_state CHECK (state IN ('new', 'accepted', 'in_progress', 'pending', 'resolved', 'closed', 'cancelled')),
    CONSTRAINT incidents_pending_has_reason CHECK ((state = 'pending') = (pending_reason <> '')),
    CONSTRAINT incidents_cancelled_has_reason CHECK (state <> 'cancelled' OR cancel_reason <> ''),
    CONSTRAINT incidents_resolved_has_cause CHECK (state NOT IN ('resolved', 'closed') OR (resolution_code <> '' AND cause <> '' AND process <> '' AND resolved_at IS NOT NULL)),
    CONSTRAINT incidents_times_in_order CHECK (
        (responded_at IS NULL OR responded_at >= reported_at) AND (resolved_at IS NULL OR resolved_at >= reported_at) AND
        (closed_at IS NULL OR resolved_at IS NULL OR closed_at >= resolved_at)),
    CONSTRAINT incidents_impact CHECK (impact BETWEEN 1 AND 3),
    CONSTRAINT incidents_urgency CHECK (urgency BETWEEN 1 AND 3),
    CONSTRAINT incidents_priority CHECK (priority BETWEEN 1 AND 4)
);
CREATE UNIQUE INDEX incidents_source_key ON incidents (source, source_key) WHERE source <> '';
CREATE INDEX incidents_auto_close_idx ON incidents (auto_close_at) WHERE state = 'resolved' AND auto_close_at IS NOT NULL;
CREATE INDEX incidents_category_idx ON incidents (category_id, created_at DESC, id DESC);

CREATE TABLE incident_tasks (
    id          uuid        NOT NULL CONSTRAINT incident_tasks_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    incident_id uuid        NOT NULL CONSTRAINT incident_tasks_incident_fkey REFERENCES incidents (id),
    title       text        NOT NULL,
    assignee_id uuid        CONSTRAINT incident_tasks_assignee_fkey REFERENCES people (id),
    position    integer     NOT NULL,
    done_at     timestamptz,
    done_by     uuid,
    created_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX incident_tasks_incident_idx ON incident_tasks (incident_id, position, id);
