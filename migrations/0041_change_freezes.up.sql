-- Times in which nothing is changed. A hard freeze needs an exception by name,
-- a soft one is a warning (CHG-07).
CREATE TABLE change_freezes (
    id         uuid        NOT NULL CONSTRAINT change_freezes_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    name_zh    text        NOT NULL,
    name_en    text        NOT NULL,
    hard       boolean     NOT NULL,
    service_id uuid        CONSTRAINT change_freezes_service_fkey REFERENCES services (id), -- null: all
    from_at    timestamptz NOT NULL,
    to_at      timestamptz NOT NULL,
    reason     text        NOT NULL DEFAULT '',
    lifted     boolean     NOT NULL DEFAULT false,
    created_by uuid        NOT NULL CONSTRAINT change_freezes_by_fkey REFERENCES people (id),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT change_freezes_times CHECK (to_at > from_at)
);
CREATE INDEX change_freezes_time_idx ON change_freezes (to_at, from_at) WHERE NOT lifted;

CREATE TABLE change_freeze_exceptions (
    freeze_id  uuid        NOT NULL CONSTRAINT change_freeze_exceptions_freeze_fkey REFERENCES change_freezes (id),
    change_id  uuid        NOT NULL CONSTRAINT change_freeze_exceptions_change_fkey REFERENCES changes (id),
    reason     text        NOT NULL,
    by_id      uuid        NOT NULL CONSTRAINT change_freeze_exceptions_by_fkey REFERENCES people (id),
    at         timestamptz NOT NULL,
    CONSTRAINT change_freeze_exceptions_pkey PRIMARY KEY (freeze_id, change_id),
    CONSTRAINT change_freeze_exceptions_reason CHECK (reason <> '')
);
