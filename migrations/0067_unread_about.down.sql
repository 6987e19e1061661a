DROP INDEX notifications_unread_idx;
CREATE INDEX notifications_unread_idx ON notifications (person_id) WHERE read_at IS NULL;
