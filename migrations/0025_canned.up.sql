-- Ready texts for replies and notes: a person's own, or a team's. Either
-- language may be missing.
CREATE TABLE canned_texts (
    id         uuid        NOT NULL CONSTRAINT canned_texts_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    name       text        NOT NULL, -- what it is found by
    body_zh    text        NOT NULL DEFAULT '',
    body_en    text        NOT NULL DEFAULT '',
    owner_id   uuid        NOT NULL CONSTRAINT canned_texts_owner_fkey REFERENCES people (id),
    team_id    uuid        CONSTRAINT canned_texts_team_fkey REFERENCES teams (id), -- null: the owner's own
    deleted    boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT canned_texts_written CHECK (body_zh <> '' OR body_en <> '')
);
CREATE UNIQUE INDEX canned_texts_name_key ON canned_texts (owner_id, coalesce(team_id, '00000000-0000-0000-0000-000000000000'), lower(name)) WHERE NOT deleted;
CREATE INDEX canned_texts_team_idx ON canned_texts (team_id) WHERE NOT deleted;

-- Named sets of steps that one press takes on an incident.
CREATE TABLE incident_macros (
    id         uuid        NOT NULL CONSTRAINT incident_macros_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    name       text        NOT NULL,
    steps      jsonb       NOT NULL,
    owner_id   uuid        NOT NULL CONSTRAINT incident_macros_owner_fkey REFERENCES people (id),
    team_id    uuid        CONSTRAINT incident_macros_team_fkey REFERENCES teams (id), -- null: the owner's own
    deleted    boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX incident_macros_name_key ON incident_macros (owner_id, coalesce(team_id, '00000000-0000-0000-0000-000000000000'), lower(name)) WHERE NOT deleted;
CREATE INDEX incident_macros_team_idx ON incident_macros (team_id) WHERE NOT deleted;
