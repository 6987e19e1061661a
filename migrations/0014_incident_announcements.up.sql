-- What staff are told of a fault that concerns many, in plain words: a banner
-- for those it concerns. Two languages; one that is missing shows the other.
CREATE TABLE incident_announcements (
    id           uuid        NOT NULL CONSTRAINT incident_announcements_pkey PRIMARY KEY,
    version      integer     NOT NULL DEFAULT 1,
    incident_id  uuid        NOT NULL CONSTRAINT incident_announcements_incident_key UNIQUE CONSTRAINT incident_announcements_incident_fkey REFERENCES incidents (id),
    title_zh     text        NOT NULL DEFAULT '',
    title_en     text        NOT NULL DEFAULT '',
    text_zh      text        NOT NULL DEFAULT '',
    text_en      text        NOT NULL DEFAULT '',
    everybody    boolean     NOT NULL,
    departments  uuid[]      NOT NULL DEFAULT '{}', -- and those below them
    services     uuid[]      NOT NULL DEFAULT '{}', -- whoever reported on them lately
    expected_at  timestamptz, -- when it should work again
    published_at timestamptz NOT NULL,
    published_by uuid        NOT NULL,
    withdrawn_at timestamptz,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT incident_announcements_worded CHECK ((title_zh <> '' OR title_en <> '') AND (text_zh <> '' OR text_en <> '')),
    CONSTRAINT incident_announcements_addressed CHECK (everybody OR cardinality(departments) + cardinality(services) > 0)
);
CREATE INDEX incident_announcements_open_idx ON incident_announcements (published_at DESC, id) WHERE withdrawn_at IS NULL;

-- Who said "me too". They are told how it goes on, and see the announcement;
-- the ticket itself stays between its reporter and the desk.
CREATE TABLE incident_affected (
    incident_id uuid        NOT NULL CONSTRAINT incident_affected_incident_fkey REFERENCES incidents (id),
    person_id   uuid        NOT NULL CONSTRAINT incident_affected_person_fkey REFERENCES people (id),
    note        text        NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    CONSTRAINT incident_affected_pkey PRIMARY KEY (incident_id, person_id)
);
CREATE INDEX incident_affected_at_idx ON incident_affected (at, incident_id);
CREATE INDEX incident_affected_person_idx ON incident_affected (person_id);

-- What was said and done about a fault that concerns many, in the order it
-- happened. Public lines are shown to those it concerns.
CREATE TABLE incident_chronicle (
    id          uuid        NOT NULL CONSTRAINT incident_chronicle_pkey PRIMARY KEY,
    incident_id uuid        NOT NULL CONSTRAINT incident_chronicle_incident_fkey REFERENCES incidents (id),
    at          timestamptz NOT NULL, -- when it happened
    kind        text        NOT NULL,
    text_zh     text        NOT NULL DEFAULT '',
    text_en     text        NOT NULL DEFAULT '',
    public      boolean     NOT NULL DEFAULT false,
    author_id   uuid        NOT NULL,
    author_name text        NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX incident_chronicle_incident_idx ON incident_chronicle (incident_id, at DESC, id DESC);
