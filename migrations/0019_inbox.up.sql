-- The inbox: what was told can be done with, or put away until later.
ALTER TABLE notifications
    ADD COLUMN shown_at timestamptz NOT NULL DEFAULT now(), -- later than now: snoozed until then; the default serves programs that do not know it
    ADD COLUMN done_at  timestamptz;
DROP INDEX notifications_person_idx;
CREATE INDEX notifications_inbox_idx ON notifications (person_id, shown_at DESC, id DESC) WHERE done_at IS NULL;
CREATE INDEX notifications_done_idx ON notifications (person_id, done_at DESC, id DESC) WHERE done_at IS NOT NULL;
CREATE INDEX approval_entries_actor_idx ON approval_entries (actor_id, at DESC, seat_id DESC) WHERE kind IN ('approve', 'reject', 'recuse');
