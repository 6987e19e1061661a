-- How the change advisory board decides: how many of it must be there, or be
-- stood in for, and which roles.
CREATE TABLE change_board (
	id uuid CONSTRAINT change_board_pkey PRIMARY KEY,
	version integer NOT NULL DEFAULT 1,
	quorum integer NOT NULL,
	must text[] NOT NULL DEFAULT '{}',
	updated_at timestamptz NOT NULL,
	CONSTRAINT change_board_one CHECK (id = 'b0a4d000-0000-7000-8000-000000000001'),
	CONSTRAINT change_board_quorum CHECK (quorum BETWEEN 1 AND 50)
);
INSERT INTO change_board (id, quorum, updated_at) VALUES ('b0a4d000-0000-7000-8000-000000000001', 1, '2026-01-01Z');
INSERT INTO generations (name) VALUES ('change_board');
CREATE TRIGGER change_board_generation AFTER INSERT OR UPDATE OR DELETE ON change_board FOR EACH STATEMENT EXECUTE FUNCTION generations_count();

-- Whether enough of the board was there when the minutes were closed (null: not
-- closed, or before that was noted), and when members were reminded.
ALTER TABLE change_meetings ADD COLUMN quorate boolean, ADD COLUMN reminded_at timestamptz;
CREATE INDEX change_meetings_remind_idx ON change_meetings (begins_at) WHERE state = 'planned' AND reminded_at IS NULL;
