-- Meetings of the change advisory board: when, about which changes, who came,
-- and what was said about each. Votes are cast as ever; the minutes quote them.
CREATE TABLE change_meetings (
	id uuid PRIMARY KEY,
	version integer NOT NULL DEFAULT 1,
	number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT change_meetings_number_key UNIQUE,
	state text NOT NULL,
	begins_at timestamptz NOT NULL,
	ends_at timestamptz NOT NULL,
	place text NOT NULL DEFAULT '',
	chair_id uuid NOT NULL REFERENCES people (id),
	present uuid[] NOT NULL DEFAULT '{}',
	agenda jsonb NOT NULL DEFAULT '[]',
	remarks text NOT NULL DEFAULT '',
	closed_at timestamptz,
	created_by uuid NOT NULL REFERENCES people (id),
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	CONSTRAINT change_meetings_state CHECK (state IN ('planned', 'held', 'cancelled')),
	CONSTRAINT change_meetings_times CHECK (ends_at > begins_at),
	CONSTRAINT change_meetings_held CHECK ((state = 'held') = (closed_at IS NOT NULL))
);
CREATE INDEX change_meetings_begins_idx ON change_meetings (begins_at DESC, id DESC);

-- Minutes that were signed off stay as they are.
CREATE FUNCTION change_meetings_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the minutes of a meeting that was held are not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER change_meetings_keep BEFORE UPDATE OR DELETE ON change_meetings FOR EACH ROW WHEN (OLD.state = 'held') EXECUTE FUNCTION change_meetings_keep();
