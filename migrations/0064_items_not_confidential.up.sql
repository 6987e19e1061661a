-- A configuration item is never confidential: what it is and what hangs on it
-- must be found by whoever plans a change. Lists of items rely on that.
ALTER TABLE records ADD CONSTRAINT records_items_not_confidential CHECK (kind <> 'ci' OR NOT confidential) NOT VALID;
ALTER TABLE records VALIDATE CONSTRAINT records_items_not_confidential;
