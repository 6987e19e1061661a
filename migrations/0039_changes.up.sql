-- Changes (regulation 4.2).
CREATE SEQUENCE change_numbers;

CREATE TABLE changes (
    id               uuid        NOT NULL CONSTRAINT changes_pkey PRIMARY KEY,
    version          integer     NOT NULL DEFAULT 1,
    number           bigint      NOT NULL CONSTRAINT changes_number_key UNIQUE,
    type             text        NOT NULL,
    state            text        NOT NULL,
    unauthorised     boolean     NOT NULL DEFAULT false,
    on_hold          boolean     NOT NULL DEFAULT false,
    hold_reason      text        NOT NULL DEFAULT '',
    title            text        NOT NULL,
    content          text        NOT NULL DEFAULT '',
    reason           text        NOT NULL DEFAULT '',
    effect           text        NOT NULL DEFAULT '', -- expected impact
    communication    text        NOT NULL DEFAULT '',
    items            uuid[]      NOT NULL DEFAULT '{}',
    service_id       uuid        CONSTRAINT changes_service_fkey REFERENCES services (id),
    steps            jsonb       NOT NULL DEFAULT '[]',
    test_plan        text        NOT NULL DEFAULT '',
    test_result      text        NOT NULL DEFAULT '',
    test_evidence    text        NOT NULL DEFAULT '',
    tested_by        uuid        CONSTRAINT changes_tested_by_fkey REFERENCES people (id),
    tested_at        timestamptz,
    tested_hash      text        NOT NULL DEFAULT '', -- of what was tested
    rollback_trigger text        NOT NULL DEFAULT '',
    back             jsonb       NOT NULL DEFAULT '[]', -- steps of the way back
    rollback_minutes integer     NOT NULL DEFAULT 0,
    rehearsal        text        NOT NULL DEFAULT '',
    window_from      timestamptz,
    window_to        timestamptz,
    assessment       jsonb       NOT NULL DEFAULT '{}',
    risk             text        NOT NULL DEFAULT '',
    assessed_by      uuid        CONSTRAINT changes_assessed_by_fkey REFERENCES people (id),
    assessed_at      timestamptz,
    assessed_hash    text        NOT NULL DEFAULT '', -- of the plan that was assessed
    requester_id     uuid        NOT NULL CONSTRAINT changes_requester_fkey REFERENCES people (id),
    created_by       uuid        NOT NULL,
    department_id    uuid        CONSTRAINT changes_department_fkey REFERENCES departments (id),
    team_id          uuid        CONSTRAINT changes_team_fkey REFERENCES teams (id),
    implementer_id   uuid        CONSTRAINT changes_implementer_fkey REFERENCES people (id),
    template_id      uuid,
    approved_hash    text        NOT NULL DEFAULT '', -- of the plan that was approved
    approved_at      timestamptz,
    reject_reason    text        NOT NULL DEFAULT '',
    cancel_reason    text        NOT NULL DEFAULT '',
    started_at       timestamptz,
    started_by       uuid        CONSTRAINT changes_started_by_fkey REFERENCES people (id),
    back_at          timestamptz,
    back_reason      text        NOT NULL DEFAULT '',
    ended_at         timestamptz,
    result           text        NOT NULL DEFAULT '',
    result_note      text        NOT NULL DEFAULT '',
    verified_by      uuid        CONSTRAINT changes_verified_by_fkey REFERENCES people (id),
    verified_at      timestamptz,
    lessons          text        NOT NULL DEFAULT '',
    actions          text        NOT NULL DEFAULT '',
    items_confirmed  boolean     NOT NULL DEFAULT false,
    review_due_at    timestamptz,
    reviewed_by      uuid        CONSTRAINT changes_reviewed_by_fkey REFERENCES people (id),
    glass_reason     text        NOT NULL DEFAULT '',
    glass_by         uuid        CONSTRAINT changes_glass_by_fkey REFERENCES people (id),
    glass_at         timestamptz,
    glass_until      timestamptz,
    submitted_at     timestamptz,
    closed_at        timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT changes_type CHECK (type IN ('normal', 'standard', 'emergency')),
    CONSTRAINT changes_state CHECK (state IN ('draft', 'submitted', 'assessing', 'testing', 'reviewing', 'approved', 'scheduled', 'implementing', 'rolling_back', 'verifying', 'review', 'closed', 'cancelled')),
    CONSTRAINT changes_risk CHECK (risk IN ('', 'low', 'medium', 'high')),
    CONSTRAINT changes_test_result CHECK (test_result IN ('', 'passed', 'failed')),
    CONSTRAINT changes_result CHECK (result IN ('', 'success', 'issues', 'rolled_back', 'failed')),
    CONSTRAINT changes_window CHECK (window_to IS NULL OR window_from IS NULL OR window_to > window_from),
    -- No change reaches a system without an approval, unless it broke the glass (CHG-01).
    CONSTRAINT changes_approved_first CHECK (started_at IS NULL OR glass_at IS NOT NULL OR (approved_at IS NOT NULL AND approved_hash <> '')),
    CONSTRAINT changes_running_was_started CHECK (state NOT IN ('implementing', 'rolling_back', 'verifying', 'review', 'closed') OR started_at IS NOT NULL),
    CONSTRAINT changes_hold_has_reason CHECK (NOT on_hold OR hold_reason <> ''),
    CONSTRAINT changes_glass_has_reason CHECK (glass_at IS NULL OR (glass_reason <> '' AND glass_by IS NOT NULL AND glass_until IS NOT NULL))
);
-- Which changes touch an item: on its page, for drift, for collisions.
CREATE INDEX changes_items_idx ON changes USING gin (items);
CREATE INDEX changes_window_idx ON changes (window_from) WHERE window_from IS NOT NULL;
CREATE INDEX changes_review_due_idx ON changes (review_due_at) WHERE state NOT IN ('closed', 'cancelled') AND review_due_at IS NOT NULL;

-- Who holds an item in a window. Two cannot: the database says so, whatever
-- asks at the same instant. slot is the item as a range of one, since plain
-- PostgreSQL has no GiST operator for equal uuids.
CREATE TABLE change_bookings (
    change_id uuid      NOT NULL CONSTRAINT change_bookings_change_fkey REFERENCES changes (id),
    item_id   uuid      NOT NULL,
    slot      int8range NOT NULL,
    during    tstzrange NOT NULL,
    CONSTRAINT change_bookings_pkey PRIMARY KEY (change_id, item_id),
    CONSTRAINT change_bookings_item_taken EXCLUDE USING gist (slot WITH &&, during WITH &&)
);
