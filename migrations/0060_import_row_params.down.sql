ALTER TABLE ci_import_rows DROP COLUMN param;
