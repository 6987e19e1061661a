-- Who of the board was there when the minutes were closed: members, whom others
-- stood in for, and the quorum of then (null: not closed, or before that was
-- noted).
ALTER TABLE change_meetings ADD COLUMN attendance jsonb,
	ADD CONSTRAINT change_meetings_attendance CHECK (attendance IS NULL OR state = 'held');
