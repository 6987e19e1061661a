-- An incident may belong to another one, its parent; families are one level
-- deep. "same" is the same fault and follows the parent; "part" is a piece of
-- the parent's work that must be done before it.
ALTER TABLE incidents
    ADD COLUMN parent_id uuid CONSTRAINT incidents_parent_fkey REFERENCES incidents (id),
    ADD COLUMN child_as text NOT NULL DEFAULT '',
    ADD COLUMN attached_at timestamptz,
    ADD CONSTRAINT incidents_not_own_parent CHECK (parent_id <> id),
    ADD CONSTRAINT incidents_child_as CHECK (child_as IN ('', 'same', 'part') AND (parent_id IS NULL) = (child_as = '') AND (parent_id IS NULL) = (attached_at IS NULL));
CREATE INDEX incidents_parent_idx ON incidents (parent_id, number) WHERE parent_id IS NOT NULL;
CREATE INDEX incidents_attached_idx ON incidents (attached_at) WHERE parent_id IS NOT NULL;

-- What was copied from a parent to its children: one line per step of the
-- parent, and one per child that was looked at. The latter is written with the
-- child's change, so that a job that is run again knows what is done.
CREATE TABLE incident_cascades (
    id          uuid        NOT NULL CONSTRAINT incident_cascades_pkey PRIMARY KEY,
    incident_id uuid        NOT NULL CONSTRAINT incident_cascades_incident_fkey REFERENCES incidents (id),
    state       text        NOT NULL, -- of the parent, which is copied
    reason      text        NOT NULL DEFAULT '', -- pending reason that is copied
    was_reason  text        NOT NULL DEFAULT '', -- pending reason that the parent had before
    remark      text        NOT NULL DEFAULT '', -- what is said on each child
    by_id       uuid        NOT NULL, -- who took the parent's step
    by_name     text        NOT NULL,
    total       integer     NOT NULL, -- open children that follow, when the step was taken
    created_at  timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT incident_cascades_state CHECK (state IN ('in_progress', 'pending', 'resolved'))
);
CREATE INDEX incident_cascades_incident_idx ON incident_cascades (incident_id, created_at DESC, id DESC);

CREATE TABLE incident_cascade_items (
    cascade_id  uuid NOT NULL CONSTRAINT incident_cascade_items_cascade_fkey REFERENCES incident_cascades (id),
    incident_id uuid NOT NULL CONSTRAINT incident_cascade_items_incident_fkey REFERENCES incidents (id),
    problem     text NOT NULL DEFAULT '', -- message key of why it could not be copied
    CONSTRAINT incident_cascade_items_pkey PRIMARY KEY (cascade_id, incident_id)
);
