-- Few records are confidential, if any: who may see all others needs to know
-- which those are, rather than to look up the line of each record of a list.
CREATE INDEX records_confidential_idx ON records (kind, id) WHERE confidential;
