-- The catalogue: what people may ask of IT (regulation 4.3).
CREATE TABLE catalog_categories (
    id         uuid        NOT NULL CONSTRAINT catalog_categories_pkey PRIMARY KEY,
    version    integer     NOT NULL DEFAULT 1,
    name_zh    text        NOT NULL,
    name_en    text        NOT NULL,
    icon       text        NOT NULL DEFAULT '',
    position   integer     NOT NULL DEFAULT 0,
    active     boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT catalog_categories_named CHECK (name_zh <> '' OR name_en <> '')
);

CREATE TABLE catalog_items (
    id          uuid        NOT NULL CONSTRAINT catalog_items_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    state       text        NOT NULL,
    category_id uuid        NOT NULL CONSTRAINT catalog_items_category_fkey REFERENCES catalog_categories (id),
    service_id  uuid        CONSTRAINT catalog_items_service_fkey REFERENCES services (id),
    name_zh     text        NOT NULL,
    name_en     text        NOT NULL,
    current_id  uuid,
    current_no  integer     NOT NULL DEFAULT 0,
    draft       jsonb,
    draft_hash  text        NOT NULL DEFAULT '',
    draft_state text        NOT NULL DEFAULT '',
    editors     uuid[]      NOT NULL DEFAULT '{}', -- who worked on the draft
    remark      text        NOT NULL DEFAULT '',
    review_at   timestamptz,
    reviewed_by uuid,
    reminded_at timestamptz, -- of the review
    created_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT catalog_items_state CHECK (state IN ('draft', 'approved', 'retired')),
    CONSTRAINT catalog_items_draft_state CHECK (draft_state IN ('', 'editing', 'submitted')),
    CONSTRAINT catalog_items_has_draft CHECK ((draft_state = '') = (draft IS NULL)),
    CONSTRAINT catalog_items_in_force CHECK (state <> 'approved' OR (current_id IS NOT NULL AND review_at IS NOT NULL)),
    CONSTRAINT catalog_items_named CHECK (name_zh <> '' OR name_en <> '')
);
CREATE INDEX catalog_items_category_idx ON catalog_items (category_id);
CREATE INDEX catalog_items_review_idx ON catalog_items (review_at) WHERE state = 'approved' AND reminded_at IS NULL;

-- What an item said from one approval to the next. Requests point here, so a
-- running request keeps the form it was filled in on. Who may see and order is
-- kept beside the content, for lists.
CREATE TABLE catalog_versions (
    id                uuid        NOT NULL CONSTRAINT catalog_versions_pkey PRIMARY KEY,
    item_id           uuid        NOT NULL CONSTRAINT catalog_versions_item_fkey REFERENCES catalog_items (id),
    no                integer     NOT NULL,
    content           jsonb       NOT NULL,
    hash              text        NOT NULL,
    editors           uuid[]      NOT NULL,
    approved_by       uuid        NOT NULL,
    approved_at       timestamptz NOT NULL,
    everyone          boolean     NOT NULL,
    departments       uuid[]      NOT NULL,
    roles             text[]      NOT NULL,
    terms             tsvector    NOT NULL,
    CONSTRAINT catalog_versions_no_key UNIQUE (item_id, no),
    CONSTRAINT catalog_versions_four_eyes CHECK (NOT approved_by = ANY (editors) AND cardinality(editors) > 0)
);
CREATE INDEX catalog_versions_terms_idx ON catalog_versions USING gin (terms);
CREATE TRIGGER catalog_versions_append_only BEFORE UPDATE OR DELETE ON catalog_versions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER catalog_versions_no_truncate BEFORE TRUNCATE ON catalog_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE catalog_items ADD CONSTRAINT catalog_items_current_fkey FOREIGN KEY (current_id) REFERENCES catalog_versions (id) DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE catalog_favourites (
    person_id uuid        NOT NULL CONSTRAINT catalog_favourites_person_fkey REFERENCES people (id),
    item_id   uuid        NOT NULL CONSTRAINT catalog_favourites_item_fkey REFERENCES catalog_items (id),
    at        timestamptz NOT NULL,
    CONSTRAINT catalog_favourites_pkey PRIMARY KEY (person_id, item_id)
);

CREATE TABLE catalog_pictures (
    id         uuid        NOT NULL CONSTRAINT catalog_pictures_pkey PRIMARY KEY,
    media_type text        NOT NULL,
    body       bytea       NOT NULL,
    created_by uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT catalog_pictures_type CHECK (media_type IN ('image/png', 'image/jpeg')),
    CONSTRAINT catalog_pictures_size CHECK (length(body) <= 409600)
);
