-- A note can be mended or taken back by who wrote it (capabilities 10); what it said stays in the trail.
ALTER TABLE notes ADD COLUMN edited_at timestamptz, ADD COLUMN removed_at timestamptz,
    ADD CONSTRAINT notes_removed CHECK (removed_at IS NULL OR body = '');
