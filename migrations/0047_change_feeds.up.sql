-- A person's link to the calendar of changes, for programs that show calendars.
-- The link is the secret; only its fingerprint is kept. One person has one.
CREATE TABLE change_feeds (
	person_id uuid PRIMARY KEY REFERENCES people (id),
	secret_hash bytea NOT NULL CONSTRAINT change_feeds_secret_key UNIQUE,
	created_at timestamptz NOT NULL,
	read_at timestamptz
);
