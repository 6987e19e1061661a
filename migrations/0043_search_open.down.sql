DROP TRIGGER records_closed_in_search ON records;
DROP TRIGGER records_open_in_search ON records;
DROP FUNCTION search_docs_follow();
ALTER TABLE search_docs DROP COLUMN open;
DROP FUNCTION record_open(text, text);
