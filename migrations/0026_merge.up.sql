-- A merged incident is a tombstone: it leads to the one that took its talk,
-- files and tasks in. What went where is kept, so that it can be undone.
ALTER TABLE incidents DROP CONSTRAINT incidents_state;
ALTER TABLE incidents ADD CONSTRAINT incidents_state CHECK (state IN ('new', 'accepted', 'in_progress', 'pending', 'resolved', 'closed', 'cancelled', 'merged'));

CREATE TABLE incident_merges (
    id                 uuid        NOT NULL CONSTRAINT incident_merges_pkey PRIMARY KEY,
    source_id          uuid        NOT NULL CONSTRAINT incident_merges_source_fkey REFERENCES incidents (id),
    target_id          uuid        NOT NULL CONSTRAINT incident_merges_target_fkey REFERENCES incidents (id),
    source_before      jsonb       NOT NULL, -- what the source was, as far as the merge changed it
    target_reported_at timestamptz NOT NULL, -- before the merge
    target_created_at  timestamptz NOT NULL,
    moved              jsonb       NOT NULL, -- ids of what went to the target, and of what was added there
    merged_by          uuid        NOT NULL,
    merged_at          timestamptz NOT NULL,
    undone_by          uuid,
    undone_at          timestamptz,
    CONSTRAINT incident_merges_not_self CHECK (source_id <> target_id),
    CONSTRAINT incident_merges_undone CHECK ((undone_by IS NULL) = (undone_at IS NULL))
);
-- One incident is merged into one other at a time.
CREATE UNIQUE INDEX incident_merges_source_key ON incident_merges (source_id) WHERE undone_at IS NULL;
CREATE INDEX incident_merges_target_idx ON incident_merges (target_id, merged_at, id);
