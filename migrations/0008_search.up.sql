-- What records are found by: pairs of Chinese characters and words of other
-- scripts, cut by internal/search. Notes are a column of their own, so that a
-- question by somebody who may not read them cannot find a word of one.
CREATE TABLE search_docs (
    record_id uuid     NOT NULL CONSTRAINT search_docs_pkey PRIMARY KEY,
    hash      bigint   NOT NULL, -- of the record's own texts: an unchanged one is not written again
    terms     tsvector NOT NULL, -- the record's own texts and what was said in public
    talk      tsvector NOT NULL, -- the second part of terms
    notes     tsvector NOT NULL
);
CREATE INDEX search_docs_terms_idx ON search_docs USING gin (terms);
CREATE INDEX search_docs_notes_idx ON search_docs USING gin (notes);
ALTER TABLE search_docs ALTER COLUMN terms SET STATISTICS 500;

-- Readers who see only what concerns themselves are asked for by these.
CREATE INDEX records_created_by_idx ON records (created_by) WHERE created_by IS DISTINCT FROM requester_id;
