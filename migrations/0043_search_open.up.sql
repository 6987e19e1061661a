-- Words are mostly looked for among what is open, which is little beside what
-- was ever closed. An index of the open ones alone answers that without
-- reading the rest; the register's own category decides what is in it.
-- Configuration items are in use for years and have no list of open ones.
CREATE FUNCTION record_open(kind text, category text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT kind <> 'ci' AND category IN ('new', 'active', 'pending')
$$;

-- Only what is open is written again: the closed ones are the many.
ALTER TABLE search_docs ADD COLUMN open boolean NOT NULL DEFAULT false;
UPDATE search_docs d SET open = true FROM records r WHERE r.id = d.record_id AND record_open(r.kind, r.category);
ALTER TABLE search_docs ALTER COLUMN open SET DEFAULT true;

CREATE INDEX search_docs_open_terms_idx ON search_docs USING gin (terms) WHERE open;
CREATE INDEX search_docs_open_notes_idx ON search_docs USING gin (notes) WHERE open;

CREATE FUNCTION search_docs_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE search_docs SET open = record_open(NEW.kind, NEW.category) WHERE record_id = NEW.id AND open <> record_open(NEW.kind, NEW.category);
	RETURN NULL;
END $$;

CREATE TRIGGER records_open_in_search AFTER UPDATE OF category ON records FOR EACH ROW
	WHEN (record_open(OLD.kind, OLD.category) <> record_open(NEW.kind, NEW.category)) EXECUTE FUNCTION search_docs_follow();
-- A record's words are written before its line in the register, as open.
CREATE TRIGGER records_closed_in_search AFTER INSERT ON records FOR EACH ROW
	WHEN (NOT record_open(NEW.kind, NEW.category)) EXECUTE FUNCTION search_docs_follow();

-- How few are open decides the plans; nothing else would count them soon.
ANALYZE search_docs;
