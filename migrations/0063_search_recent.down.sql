DROP TRIGGER records_week_in_search ON records;
DROP FUNCTION search_docs_follow_week();
DROP INDEX search_docs_terms_idx;
DROP INDEX search_docs_notes_idx;
ALTER TABLE search_docs DROP COLUMN week;
CREATE INDEX search_docs_terms_idx ON search_docs USING gin (terms);
CREATE INDEX search_docs_notes_idx ON search_docs USING gin (notes);
DROP FUNCTION record_week(text, timestamptz);
