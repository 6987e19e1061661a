DROP INDEX records_created_by_idx;
DROP TABLE search_docs;
