CREATE INDEX changes_review_due_idx ON changes (review_due_at) WHERE state NOT IN ('closed', 'cancelled') AND review_due_at IS NOT NULL;
DROP INDEX changes_template_idx;
ALTER TABLE changes DROP CONSTRAINT changes_standard_has_template;
ALTER TABLE changes DROP CONSTRAINT changes_template_fkey;
DROP TABLE change_templates;
DROP FUNCTION change_templates_keep();
