ALTER TABLE records DROP CONSTRAINT records_items_not_confidential;
