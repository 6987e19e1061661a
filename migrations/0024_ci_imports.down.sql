DROP TABLE ci_item_keys, ci_reviews, ci_import_rows, ci_imports;
ALTER TABLE ci_items DROP COLUMN origins;
