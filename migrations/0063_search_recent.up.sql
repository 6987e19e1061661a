-- Lists show what changed last first, and a common word is in tens of thousands
-- of records: neither the index of words (no order) nor that of changes (each
-- record looked at) answers that fast. So the index of words knows in which
-- week a record last changed: a question asks for the newest weeks first, and
-- only goes further back while its page is not full.
--
-- Weeks count from 1970-01-01 UTC, seven days each; the kind stands before the
-- week, so that few records of one kind are found among many of another.
CREATE FUNCTION record_week(kind text, at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT kind || ':' || floor(extract(epoch FROM at) / 604800)::bigint
$$;

-- The indexes are made again rather than fed row by row.
DROP INDEX search_docs_terms_idx;
DROP INDEX search_docs_notes_idx;
DROP INDEX search_docs_open_terms_idx;
DROP INDEX search_docs_open_notes_idx;

ALTER TABLE search_docs ADD COLUMN week text[] NOT NULL DEFAULT '{}';
-- How words of Latin letters begin is a lexeme of its own: one that may go on
-- is looked for by that, not by gathering each word that begins so.
CREATE FUNCTION pg_temp.beginnings(v tsvector) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
	SELECT v || array_to_tsvector(ARRAY(SELECT DISTINCT '^' || left(x, 5) FROM unnest(tsvector_to_array(v)) x WHERE x ~ '^[a-z]{5,}$'))
$$;
UPDATE search_docs d SET week = ARRAY[record_week(r.kind, r.updated_at)], terms = pg_temp.beginnings(terms), talk = pg_temp.beginnings(talk), notes = pg_temp.beginnings(notes)
FROM records r WHERE r.id = d.record_id;
ALTER TABLE search_docs ALTER COLUMN week SET STATISTICS 500;

CREATE INDEX search_docs_terms_idx ON search_docs USING gin (terms, week);
CREATE INDEX search_docs_notes_idx ON search_docs USING gin (notes, week);
CREATE INDEX search_docs_open_terms_idx ON search_docs USING gin (terms) WHERE open;
CREATE INDEX search_docs_open_notes_idx ON search_docs USING gin (notes) WHERE open;

CREATE FUNCTION search_docs_follow_week() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE search_docs SET week = ARRAY[record_week(NEW.kind, NEW.updated_at)] WHERE record_id = NEW.id;
	RETURN NULL;
END $$;

-- Once a week and record at most.
CREATE TRIGGER records_week_in_search AFTER UPDATE OF updated_at ON records FOR EACH ROW
	WHEN (record_week(OLD.kind, OLD.updated_at) <> record_week(NEW.kind, NEW.updated_at)) EXECUTE FUNCTION search_docs_follow_week();

ANALYZE search_docs;
