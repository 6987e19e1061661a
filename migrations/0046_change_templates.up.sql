-- Standard changes are approved once, with their template. A row is one version
-- of a template: what it fixes is immutable once it was handed in.
CREATE TABLE change_templates (
	id uuid PRIMARY KEY,
	version integer NOT NULL DEFAULT 1,
	family_id uuid NOT NULL,
	number integer NOT NULL,
	state text NOT NULL,
	name_zh text NOT NULL,
	name_en text NOT NULL,
	content text NOT NULL DEFAULT '',
	reason text NOT NULL DEFAULT '',
	effect text NOT NULL DEFAULT '',
	communication text NOT NULL DEFAULT '',
	steps jsonb NOT NULL DEFAULT '[]',
	test_plan text NOT NULL DEFAULT '',
	rollback_trigger text NOT NULL DEFAULT '',
	back jsonb NOT NULL DEFAULT '[]',
	rollback_minutes integer NOT NULL DEFAULT 0,
	rehearsal text NOT NULL DEFAULT '',
	critical_from integer NOT NULL DEFAULT 2,
	review_by date NOT NULL,
	authors uuid[] NOT NULL,
	approved_by uuid REFERENCES people (id),
	approved_at timestamptz,
	remark text NOT NULL DEFAULT '',
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	CONSTRAINT change_templates_number_key UNIQUE (family_id, number),
	CONSTRAINT change_templates_state CHECK (state IN ('draft', 'submitted', 'approved', 'retired')),
	CONSTRAINT change_templates_critical CHECK (critical_from BETWEEN 1 AND 4),
	CONSTRAINT change_templates_authors CHECK (cardinality(authors) > 0),
	-- S4: whoever wrote it does not approve it.
	CONSTRAINT change_templates_approved CHECK ((approved_by IS NULL) = (approved_at IS NULL) AND (state <> 'approved' OR approved_by IS NOT NULL) AND NOT approved_by = ANY (authors))
);
-- Of each template one version is in force, and one is being written.
CREATE UNIQUE INDEX change_templates_in_force_key ON change_templates (family_id) WHERE state = 'approved';
CREATE UNIQUE INDEX change_templates_draft_key ON change_templates (family_id) WHERE state IN ('draft', 'submitted');

CREATE FUNCTION change_templates_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'a version of a template that was handed in is not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER change_templates_keep BEFORE UPDATE ON change_templates FOR EACH ROW
	WHEN (OLD.state IN ('approved', 'retired') AND ((OLD.content, OLD.reason, OLD.effect, OLD.steps, OLD.test_plan, OLD.rollback_trigger, OLD.back, OLD.rollback_minutes, OLD.rehearsal, OLD.critical_from, OLD.authors, OLD.approved_by)
		IS DISTINCT FROM (NEW.content, NEW.reason, NEW.effect, NEW.steps, NEW.test_plan, NEW.rollback_trigger, NEW.back, NEW.rollback_minutes, NEW.rehearsal, NEW.critical_from, NEW.authors, NEW.approved_by)
		OR NEW.state NOT IN ('approved', 'retired'))) EXECUTE FUNCTION change_templates_keep();

ALTER TABLE changes ADD CONSTRAINT changes_template_fkey FOREIGN KEY (template_id) REFERENCES change_templates (id);
ALTER TABLE changes ADD CONSTRAINT changes_standard_has_template CHECK (type <> 'standard' OR template_id IS NOT NULL);
CREATE INDEX changes_template_idx ON changes (template_id, created_at) WHERE template_id IS NOT NULL;
-- No list was ever read by it: what is due is read from the register.
DROP INDEX changes_review_due_idx;
