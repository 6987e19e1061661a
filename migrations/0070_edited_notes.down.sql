ALTER TABLE notes DROP COLUMN edited_at, DROP COLUMN removed_at;
