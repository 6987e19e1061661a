DROP INDEX approval_entries_actor_idx;
DROP INDEX notifications_done_idx;
DROP INDEX notifications_inbox_idx;
CREATE INDEX notifications_person_idx ON notifications (person_id, created_at DESC, id DESC);
ALTER TABLE notifications DROP COLUMN done_at, DROP COLUMN shown_at;
