-- Every ticket page asks whether its reader has something unread about it. By
-- person alone that read all that they have not read, which grows for ever with
-- those who never look.
DROP INDEX notifications_unread_idx;
CREATE INDEX notifications_unread_idx ON notifications (person_id, record_id) WHERE read_at IS NULL;
