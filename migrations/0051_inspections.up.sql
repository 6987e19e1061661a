-- Routine maintenance: plans say what is inspected, by what checklist, by whom
-- and when; inspections are the occurrences of plans, each made once.
CREATE TABLE inspection_plans (
	id uuid CONSTRAINT inspection_plans_pkey PRIMARY KEY,
	version integer NOT NULL DEFAULT 1,
	state text NOT NULL,
	name_zh text NOT NULL,
	name_en text NOT NULL,
	items uuid[] NOT NULL DEFAULT '{}',
	selection jsonb,
	points jsonb NOT NULL,
	recurrence jsonb NOT NULL,
	calendar_id uuid CONSTRAINT inspection_plans_calendar_fkey REFERENCES sla_calendars (id),
	allow_minutes integer NOT NULL,
	team_id uuid NOT NULL CONSTRAINT inspection_plans_team_fkey REFERENCES teams (id),
	person_id uuid CONSTRAINT inspection_plans_person_fkey REFERENCES people (id),
	service_id uuid CONSTRAINT inspection_plans_service_fkey REFERENCES services (id),
	reason text NOT NULL DEFAULT '',
	made_until timestamptz NOT NULL, -- occurrences up to here were made
	look_at timestamptz NOT NULL, -- when the job looks at it next
	created_by uuid NOT NULL CONSTRAINT inspection_plans_created_by_fkey REFERENCES people (id),
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	CONSTRAINT inspection_plans_state CHECK (state IN ('active', 'paused', 'retired')),
	CONSTRAINT inspection_plans_allow CHECK (allow_minutes BETWEEN 15 AND 44640),
	CONSTRAINT inspection_plans_what CHECK (cardinality(items) > 0 OR selection IS NOT NULL)
);
CREATE INDEX inspection_plans_list_idx ON inspection_plans (updated_at DESC, id DESC);
CREATE INDEX inspection_plans_look_idx ON inspection_plans (look_at) WHERE state = 'active';

CREATE SEQUENCE inspection_numbers;
CREATE TABLE inspections (
	id uuid CONSTRAINT inspections_pkey PRIMARY KEY,
	version integer NOT NULL DEFAULT 1,
	number bigint NOT NULL CONSTRAINT inspections_number_key UNIQUE,
	plan_id uuid NOT NULL CONSTRAINT inspections_plan_fkey REFERENCES inspection_plans (id),
	plan_version integer NOT NULL,
	state text NOT NULL,
	name_zh text NOT NULL,
	name_en text NOT NULL,
	items uuid[] NOT NULL,
	points jsonb NOT NULL, -- the checklist as it was when the inspection began
	team_id uuid NOT NULL CONSTRAINT inspections_team_fkey REFERENCES teams (id),
	person_id uuid CONSTRAINT inspections_person_fkey REFERENCES people (id),
	service_id uuid CONSTRAINT inspections_service_fkey REFERENCES services (id),
	requester_id uuid NOT NULL CONSTRAINT inspections_requester_fkey REFERENCES people (id),
	scheduled_at timestamptz NOT NULL,
	due_at timestamptz NOT NULL,
	overdue_at timestamptz, -- when its being overdue was told
	started_at timestamptz,
	started_by uuid CONSTRAINT inspections_started_by_fkey REFERENCES people (id),
	ended_at timestamptz,
	finished_by uuid CONSTRAINT inspections_finished_by_fkey REFERENCES people (id),
	findings integer NOT NULL DEFAULT 0,
	files jsonb NOT NULL DEFAULT '{}', -- pictures, by item
	remark text NOT NULL DEFAULT '',
	cancel_reason text NOT NULL DEFAULT '',
	superseded boolean NOT NULL DEFAULT false, -- called off because its plan changed
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	CONSTRAINT inspections_state CHECK (state IN ('planned', 'in_progress', 'done', 'missed', 'cancelled')),
	CONSTRAINT inspections_begun CHECK (state NOT IN ('in_progress', 'done') OR started_by IS NOT NULL AND started_at IS NOT NULL),
	CONSTRAINT inspections_done CHECK ((state = 'done') = (finished_by IS NOT NULL)),
	CONSTRAINT inspections_ended CHECK ((state IN ('done', 'missed', 'cancelled')) = (ended_at IS NOT NULL)),
	CONSTRAINT inspections_cancelled CHECK (state <> 'cancelled' OR cancel_reason <> ''),
	CONSTRAINT inspections_due CHECK (due_at > scheduled_at)
);
-- Each occurrence of a plan is made once; one that was called off because the
-- plan changed may come again.
CREATE UNIQUE INDEX inspections_occurrence_key ON inspections (plan_id, scheduled_at) WHERE NOT superseded;
CREATE INDEX inspections_plan_idx ON inspections (plan_id, scheduled_at DESC, id DESC);
CREATE INDEX inspections_open_plan_idx ON inspections (plan_id, due_at) WHERE state IN ('planned', 'in_progress');
CREATE INDEX inspections_waiting_idx ON inspections (due_at) WHERE state IN ('planned', 'in_progress');

-- Which items an inspection is of: the page of an item reads its last ones.
CREATE TABLE inspection_items (
	inspection_id uuid NOT NULL CONSTRAINT inspection_items_inspection_fkey REFERENCES inspections (id),
	item_id uuid NOT NULL,
	scheduled_at timestamptz NOT NULL,
	CONSTRAINT inspection_items_pkey PRIMARY KEY (inspection_id, item_id)
);
CREATE INDEX inspection_items_item_idx ON inspection_items (item_id, scheduled_at DESC, inspection_id DESC);

CREATE TABLE inspection_readings (
	inspection_id uuid NOT NULL CONSTRAINT inspection_readings_inspection_fkey REFERENCES inspections (id),
	item_id uuid NOT NULL,
	point text NOT NULL,
	verdict text NOT NULL DEFAULT '',
	number double precision,
	text text NOT NULL DEFAULT '',
	note text NOT NULL DEFAULT '',
	finding boolean NOT NULL DEFAULT false,
	by_id uuid NOT NULL CONSTRAINT inspection_readings_by_fkey REFERENCES people (id),
	at timestamptz NOT NULL,
	CONSTRAINT inspection_readings_pkey PRIMARY KEY (inspection_id, item_id, point),
	CONSTRAINT inspection_readings_verdict CHECK (verdict IN ('', 'ok', 'not_ok', 'na')),
	CONSTRAINT inspection_readings_one CHECK ((verdict <> '')::int + (number IS NOT NULL)::int + (text <> '')::int = 1)
);
CREATE INDEX inspection_readings_course_idx ON inspection_readings (item_id, at DESC);

-- Incidents that were raised for findings.
CREATE TABLE inspection_incidents (
	inspection_id uuid NOT NULL CONSTRAINT inspection_incidents_inspection_fkey REFERENCES inspections (id),
	item_id uuid NOT NULL,
	point text NOT NULL,
	incident_id uuid NOT NULL,
	by_id uuid NOT NULL,
	at timestamptz NOT NULL,
	CONSTRAINT inspection_incidents_pkey PRIMARY KEY (inspection_id, item_id, point)
);

-- What was read is a fact once the inspection is over, and so is how it ended.
CREATE FUNCTION inspection_readings_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	row record;
BEGIN
	IF TG_OP = 'INSERT' THEN row := NEW; ELSE row := OLD; END IF;
	IF EXISTS (SELECT 1 FROM inspections WHERE id = row.inspection_id AND state IN ('done', 'missed', 'cancelled')) THEN
		RAISE EXCEPTION 'readings of an inspection that is over are not changed any more' USING ERRCODE = 'restrict_violation';
	END IF;
	RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER inspection_readings_keep BEFORE INSERT OR UPDATE OR DELETE ON inspection_readings FOR EACH ROW EXECUTE FUNCTION inspection_readings_keep();

CREATE FUNCTION inspections_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'an inspection that is over is not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER inspections_keep BEFORE UPDATE ON inspections FOR EACH ROW
	WHEN (OLD.state IN ('done', 'missed', 'cancelled') AND (OLD.state, OLD.points, OLD.items, OLD.scheduled_at, OLD.due_at, OLD.started_at, OLD.started_by, OLD.ended_at, OLD.finished_by, OLD.findings, OLD.files, OLD.remark, OLD.cancel_reason, OLD.plan_id)
		IS DISTINCT FROM (NEW.state, NEW.points, NEW.items, NEW.scheduled_at, NEW.due_at, NEW.started_at, NEW.started_by, NEW.ended_at, NEW.finished_by, NEW.findings, NEW.files, NEW.remark, NEW.cancel_reason, NEW.plan_id))
	EXECUTE FUNCTION inspections_keep();
CREATE TRIGGER inspections_kept BEFORE DELETE ON inspections FOR EACH ROW WHEN (OLD.state IN ('done', 'missed', 'cancelled')) EXECUTE FUNCTION inspections_keep();
