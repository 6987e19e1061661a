-- Departments are a tree; the manager of one answers for those below it too.
CREATE TABLE departments (
    id         uuid        NOT NULL CONSTRAINT departments_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    parent_id  uuid        CONSTRAINT departments_parent_fkey REFERENCES departments (id),
    name_zh    text        NOT NULL,
    name_en    text        NOT NULL,
    manager_id uuid,
    active     boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT departments_named CHECK (name_zh <> '' OR name_en <> ''),
    CONSTRAINT departments_not_own_parent CHECK (parent_id <> id)
);
CREATE INDEX departments_parent_idx ON departments (parent_id);
CREATE INDEX departments_manager_idx ON departments (manager_id);

CREATE TABLE people (
    id            uuid        NOT NULL CONSTRAINT people_pkey PRIMARY KEY,
    version       integer     NOT NULL DEFAULT 1,
    username      text        NOT NULL,
    name          text        NOT NULL, -- as the person writes it
    name_en       text        NOT NULL DEFAULT '', -- in Latin letters, for readers of English
    pinyin        text        NOT NULL DEFAULT '', -- full pinyin and initials, for pickers
    email         text        NOT NULL DEFAULT '',
    phone         text        NOT NULL DEFAULT '',
    title         text        NOT NULL DEFAULT '',
    location      text        NOT NULL DEFAULT '',
    department_id uuid        CONSTRAINT people_department_fkey REFERENCES departments (id),
    lang          text        NOT NULL DEFAULT '',
    time_zone     text        NOT NULL DEFAULT 'Asia/Shanghai',
    theme         text        NOT NULL DEFAULT '',
    density       text        NOT NULL DEFAULT '',
    shortcuts     boolean     NOT NULL DEFAULT true,
    mail          boolean     NOT NULL DEFAULT true, -- wants notifications by mail
    vip           boolean     NOT NULL DEFAULT false,
    active        boolean     NOT NULL DEFAULT true,
    source        text        NOT NULL DEFAULT '', -- system the person was imported from
    source_key    text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT people_lang CHECK (lang IN ('', 'zh-CN', 'en')),
    CONSTRAINT people_theme CHECK (theme IN ('', 'light', 'dark', 'auto')),
    CONSTRAINT people_density CHECK (density IN ('', 'compact')),
    CONSTRAINT people_named CHECK (name <> '')
);
CREATE UNIQUE INDEX people_username_key ON people (lower(username));
CREATE UNIQUE INDEX people_email_key ON people (lower(email)) WHERE email <> '';
CREATE UNIQUE INDEX people_source_key ON people (source, source_key) WHERE source <> '';
CREATE INDEX people_department_idx ON people (department_id);
CREATE INDEX people_name_idx ON people (name, id);
CREATE INDEX people_pinyin_idx ON people (pinyin text_pattern_ops);

-- Secrets stand apart from the people, so that no list can read them.
CREATE TABLE credentials (
    person_id    uuid        NOT NULL CONSTRAINT credentials_pkey PRIMARY KEY CONSTRAINT credentials_person_fkey REFERENCES people (id),
    hash         text        NOT NULL, -- argon2id in PHC form
    changed_at   timestamptz NOT NULL,
    must_change  boolean     NOT NULL DEFAULT false,
    locked_until timestamptz
);

CREATE TABLE role_grants (
    person_id  uuid        NOT NULL CONSTRAINT role_grants_person_fkey REFERENCES people (id),
    role       text        NOT NULL,
    granted_by uuid        NOT NULL,
    granted_at timestamptz NOT NULL,
    until      timestamptz,
    CONSTRAINT role_grants_pkey PRIMARY KEY (person_id, role),
    CONSTRAINT role_grants_role CHECK (role IN ('REQ', 'L1', 'L2', 'LEAD', 'CM', 'CAB', 'IMP', 'CFG', 'MGR', 'AUD', 'SYS', 'SEC', 'ADA')),
    CONSTRAINT role_grants_not_to_oneself CHECK (granted_by <> person_id)
);
CREATE INDEX role_grants_role_idx ON role_grants (role, person_id);

CREATE TABLE teams (
    id         uuid        NOT NULL CONSTRAINT teams_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    name_zh    text        NOT NULL,
    name_en    text        NOT NULL,
    lead_id    uuid,
    email      text        NOT NULL DEFAULT '',
    active     boolean     NOT NULL DEFAULT true,
    source     text        NOT NULL DEFAULT '',
    source_key text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT teams_named CHECK (name_zh <> '' OR name_en <> '')
);
CREATE UNIQUE INDEX teams_source_key ON teams (source, source_key) WHERE source <> '';

CREATE TABLE team_members (
    team_id   uuid NOT NULL CONSTRAINT team_members_team_fkey REFERENCES teams (id),
    person_id uuid NOT NULL CONSTRAINT team_members_person_fkey REFERENCES people (id),
    CONSTRAINT team_members_pkey PRIMARY KEY (team_id, person_id)
);
CREATE INDEX team_members_person_idx ON team_members (person_id);

-- Sessions live in the database, so that they can be listed and revoked and
-- are the same for every process. Only the hash of a token is kept.
CREATE TABLE sessions (
    token_hash   bytea       NOT NULL CONSTRAINT sessions_pkey PRIMARY KEY,
    id           uuid        NOT NULL CONSTRAINT sessions_id_key UNIQUE, -- names it in lists, and is no secret
    person_id    uuid        NOT NULL CONSTRAINT sessions_person_fkey REFERENCES people (id),
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ip           text        NOT NULL DEFAULT '',
    user_agent   text        NOT NULL DEFAULT ''
);
CREATE INDEX sessions_person_idx ON sessions (person_id, created_at DESC);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);

CREATE TABLE api_tokens (
    id           uuid        NOT NULL CONSTRAINT api_tokens_pkey PRIMARY KEY,
    version      integer     NOT NULL DEFAULT 1,
    token_hash   bytea       NOT NULL CONSTRAINT api_tokens_hash_key UNIQUE,
    person_id    uuid        NOT NULL CONSTRAINT api_tokens_person_fkey REFERENCES people (id),
    name         text        NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_tokens_person_idx ON api_tokens (person_id, created_at DESC);

-- One-time links: first set-up and password reset.
CREATE TABLE one_time_links (
    token_hash bytea       NOT NULL CONSTRAINT one_time_links_pkey PRIMARY KEY,
    purpose    text        NOT NULL,
    person_id  uuid        CONSTRAINT one_time_links_person_fkey REFERENCES people (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    CONSTRAINT one_time_links_purpose CHECK (purpose IN ('setup', 'reset'))
);
CREATE INDEX one_time_links_person_idx ON one_time_links (person_id);

-- Failed sign-ins by account and by address, for lock-out and throttling that
-- hold across processes.
CREATE TABLE sign_in_failures (
    bucket text        NOT NULL, -- user:<name> or ip:<address>
    at     timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_idx ON sign_in_failures (bucket, at);
