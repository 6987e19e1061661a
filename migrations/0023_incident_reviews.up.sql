-- The review of a major incident: what, when, why, what went well and what did
-- not, what is done about it; signed by somebody who did not write it.
CREATE TABLE incident_major_reviews (
    incident_id   uuid        NOT NULL CONSTRAINT incident_major_reviews_pkey PRIMARY KEY CONSTRAINT incident_major_reviews_incident_fkey REFERENCES incidents (id),
    version       integer     NOT NULL DEFAULT 1,
    state         text        NOT NULL,
    summary       text        NOT NULL DEFAULT '',
    impact        text        NOT NULL DEFAULT '',
    cause         text        NOT NULL DEFAULT '',
    went_well     text        NOT NULL DEFAULT '',
    went_badly    text        NOT NULL DEFAULT '',
    started_at    timestamptz, -- when the fault began
    restored_at   timestamptz, -- when the service worked again
    authors       uuid[]      NOT NULL, -- everybody who wrote in it
    submitted_by  uuid,
    submitted_at  timestamptz,
    signed_by     uuid,
    signed_at     timestamptz,
    returned_by   uuid,
    returned_at   timestamptz,
    return_reason text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT incident_major_reviews_state CHECK (state IN ('draft', 'submitted', 'signed')),
    CONSTRAINT incident_major_reviews_signed CHECK ((state = 'signed') = (signed_by IS NOT NULL) AND (signed_by IS NULL) = (signed_at IS NULL)),
    CONSTRAINT incident_major_reviews_other_signs CHECK (signed_by IS NULL OR signed_by <> ALL (authors)),
    CONSTRAINT incident_major_reviews_in_order CHECK (started_at IS NULL OR restored_at IS NULL OR restored_at >= started_at)
);

CREATE TABLE incident_major_actions (
    id          uuid        NOT NULL CONSTRAINT incident_major_actions_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    incident_id uuid        NOT NULL CONSTRAINT incident_major_actions_incident_fkey REFERENCES incidents (id),
    title       text        NOT NULL,
    owner_id    uuid        NOT NULL CONSTRAINT incident_major_actions_owner_fkey REFERENCES people (id),
    due_on      date        NOT NULL,
    done_at     timestamptz,
    done_by     uuid,
    created_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX incident_major_actions_incident_idx ON incident_major_actions (incident_id, due_on, id);
