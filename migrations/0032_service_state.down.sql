ALTER TABLE services DROP COLUMN state;
