-- A major incident is an incident that somebody manages before everybody's
-- eyes: roles, a clock for what people are told, an end, a review.
ALTER TABLE incidents
    ADD COLUMN major text NOT NULL DEFAULT '',
    ADD CONSTRAINT incidents_major CHECK (major IN ('', 'proposed', 'declared', 'ended'));
CREATE INDEX incidents_major_idx ON incidents (major, id) WHERE major <> '';

CREATE TABLE incident_majors (
    incident_id      uuid        NOT NULL CONSTRAINT incident_majors_pkey PRIMARY KEY CONSTRAINT incident_majors_incident_fkey REFERENCES incidents (id),
    version          integer     NOT NULL DEFAULT 1,
    began_at         timestamptz NOT NULL, -- proposed or declared, whichever was first
    proposed_at      timestamptz,
    proposed_by      uuid,
    proposal         text        NOT NULL DEFAULT '',
    declined_at      timestamptz,
    declined_by      uuid,
    decline_reason   text        NOT NULL DEFAULT '',
    declared_at      timestamptz,
    declared_by      uuid,
    reason           text        NOT NULL DEFAULT '',
    manager_id       uuid        CONSTRAINT incident_majors_manager_fkey REFERENCES people (id),
    communicator_id  uuid        CONSTRAINT incident_majors_communicator_fkey REFERENCES people (id),
    technical_id     uuid        CONSTRAINT incident_majors_technical_fkey REFERENCES people (id),
    cadence_minutes  integer     NOT NULL DEFAULT 60,
    next_update_at   timestamptz,
    update_reminded  timestamptz,
    notice_due_at    timestamptz, -- management is to know by then (control INC-05)
    notice_at        timestamptz,
    notice_by        uuid,
    notice_reminded  timestamptz,
    management       uuid[]      NOT NULL DEFAULT '{}', -- who was told: they may read how it stands
    ended_at         timestamptz,
    ended_by         uuid,
    ending           text        NOT NULL DEFAULT '',
    review_due_at    timestamptz, -- the signed report is due then (control INC-05)
    review_signed_at timestamptz,
    review_reminded  timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT incident_majors_cadence CHECK (cadence_minutes BETWEEN 10 AND 1440),
    CONSTRAINT incident_majors_in_order CHECK (declared_at IS NOT NULL OR (ended_at IS NULL AND notice_due_at IS NULL))
);
CREATE INDEX incident_majors_began_idx ON incident_majors (began_at DESC, incident_id DESC);
CREATE INDEX incident_majors_open_idx ON incident_majors (began_at DESC, incident_id DESC) WHERE declared_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX incident_majors_update_idx ON incident_majors (next_update_at) WHERE declared_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX incident_majors_notice_idx ON incident_majors (notice_due_at) WHERE notice_at IS NULL AND notice_due_at IS NOT NULL;
CREATE INDEX incident_majors_review_idx ON incident_majors (review_due_at) WHERE review_signed_at IS NULL AND review_due_at IS NOT NULL;
