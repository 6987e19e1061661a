-- How two items may hang together. impact says which way a fault goes: forward
-- from the first to the second, backward from the second to the first.
CREATE TABLE ci_relation_types (
    id            uuid        NOT NULL CONSTRAINT ci_relation_types_pkey PRIMARY KEY,
    version       integer     NOT NULL DEFAULT 1,
    key           text        NOT NULL CONSTRAINT ci_relation_types_key_key UNIQUE,
    name_zh       text        NOT NULL,
    name_en       text        NOT NULL,
    inverse_zh    text        NOT NULL, -- as it reads from the other end
    inverse_en    text        NOT NULL,
    impact        text        NOT NULL,
    redundant     boolean     NOT NULL DEFAULT false, -- the second works while enough of the first do
    from_class_id uuid        CONSTRAINT ci_relation_types_from_fkey REFERENCES ci_classes (id), -- null: any
    to_class_id   uuid        CONSTRAINT ci_relation_types_to_fkey REFERENCES ci_classes (id),
    max_to        integer     NOT NULL DEFAULT 0, -- how many seconds one first may have; 0: any number
    max_from      integer     NOT NULL DEFAULT 0, -- how many firsts one second may have
    active        boolean     NOT NULL DEFAULT true,
    position      integer     NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT ci_relation_types_named CHECK (name_zh <> '' AND name_en <> '' AND inverse_zh <> '' AND inverse_en <> ''),
    CONSTRAINT ci_relation_types_impact CHECK (impact IN ('none', 'forward', 'backward', 'both')),
    CONSTRAINT ci_relation_types_max CHECK (max_to >= 0 AND max_from >= 0)
);

-- A relation is never removed: it ends, so that what hung together at any past
-- instant can be told.
CREATE TABLE ci_relations (
    id           uuid        NOT NULL CONSTRAINT ci_relations_pkey PRIMARY KEY,
    type_id      uuid        NOT NULL CONSTRAINT ci_relations_type_fkey REFERENCES ci_relation_types (id),
    from_id      uuid        NOT NULL CONSTRAINT ci_relations_from_fkey REFERENCES ci_items (id),
    to_id        uuid        NOT NULL CONSTRAINT ci_relations_to_fkey REFERENCES ci_items (id),
    source       text        NOT NULL, -- person, import, agent, change
    source_ref   text        NOT NULL DEFAULT '',
    created_by   uuid        NOT NULL,
    created_name text        NOT NULL,
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_by     uuid,
    ended_name   text        NOT NULL DEFAULT '',
    ended_source text        NOT NULL DEFAULT '',
    CONSTRAINT ci_relations_source CHECK (source IN ('person', 'import', 'agent', 'change')),
    CONSTRAINT ci_relations_times CHECK (ended_at >= created_at)
);
CREATE UNIQUE INDEX ci_relations_once ON ci_relations (type_id, from_id, to_id) WHERE ended_at IS NULL;
CREATE INDEX ci_relations_from_idx ON ci_relations (from_id, type_id) INCLUDE (to_id) WHERE ended_at IS NULL;
CREATE INDEX ci_relations_to_idx ON ci_relations (to_id, type_id) INCLUDE (from_id) WHERE ended_at IS NULL;
CREATE INDEX ci_relations_from_history_idx ON ci_relations (from_id, created_at DESC);
CREATE INDEX ci_relations_to_history_idx ON ci_relations (to_id, created_at DESC);

INSERT INTO ci_relation_types (id, key, name_zh, name_en, inverse_zh, inverse_en, impact, redundant, max_from, position, created_at, updated_at)
SELECT md5('ci.relation:' || key)::uuid, key, zh, en, izh, ien, impact, key = 'member_of', CASE WHEN key = 'contains' THEN 1 ELSE 0 END, n, '2026-01-01Z', '2026-01-01Z'
FROM (VALUES
    (1, 'contains', '包含', 'contains', '位于', 'is in', 'forward'),
    (2, 'runs_on', '运行于', 'runs on', '承载', 'carries', 'backward'),
    (3, 'depends_on', '依赖', 'depends on', '支撑', 'supports', 'backward'),
    (4, 'connected_to', '连接', 'is connected to', '连接', 'is connected to', 'both'),
    (5, 'member_of', '属于', 'is a member of', '成员有', 'has the member', 'forward'),
    (6, 'backs_up', '备份', 'backs up', '备份于', 'is backed up by', 'none')
) AS t (n, key, zh, en, izh, ien, impact);
