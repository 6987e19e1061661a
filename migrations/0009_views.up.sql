-- A saved view is a list's address under a name: a person's own, or a team's.
CREATE TABLE views (
    id          uuid        NOT NULL CONSTRAINT views_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    kind        text        NOT NULL, -- of the records listed
    name        text        NOT NULL,
    query       text        NOT NULL, -- filter, sort, group as the list's address has them
    owner_id    uuid        NOT NULL CONSTRAINT views_owner_fkey REFERENCES people (id),
    team_id     uuid        CONSTRAINT views_team_fkey REFERENCES teams (id), -- null: the owner's own
    alert_above integer,              -- more rows than this is worth a message; null: never
    alerted     boolean     NOT NULL DEFAULT false,
    deleted     boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT views_alert CHECK (alert_above >= 0)
);
CREATE UNIQUE INDEX views_name_key ON views (owner_id, kind, coalesce(team_id, '00000000-0000-0000-0000-000000000000'), lower(name)) WHERE NOT deleted;
CREATE INDEX views_team_idx ON views (team_id) WHERE NOT deleted;
CREATE INDEX views_alert_idx ON views (id) WHERE alert_above IS NOT NULL AND NOT deleted;

-- How a person likes one list to be shown.
CREATE TABLE view_displays (
    person_id  uuid        NOT NULL CONSTRAINT view_displays_person_fkey REFERENCES people (id),
    list       text        NOT NULL, -- a built-in view's name or a saved view's id
    layout     text        NOT NULL,
    columns    text[]      NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT view_displays_pkey PRIMARY KEY (person_id, list),
    CONSTRAINT view_displays_layout CHECK (layout IN ('split', 'table'))
);
