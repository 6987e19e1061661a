-- What the reason for which a row cannot be taken in names, such as a limit.
ALTER TABLE ci_import_rows ADD COLUMN param text NOT NULL DEFAULT '';
