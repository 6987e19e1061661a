-- The schema as the migrations make it, for reading. Written by make schema.
CREATE TYPE public.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);
CREATE FUNCTION public.change_meetings_keep() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
	RAISE EXCEPTION 'the minutes of a meeting that was held are not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.change_templates_keep() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
	RAISE EXCEPTION 'a version of a template that was handed in is not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.ci_baseline_open() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT baseline_id FROM added) a JOIN ci_baselines b ON b.id = a.baseline_id WHERE b.state <> 'taking') THEN
        RAISE EXCEPTION 'a baseline is never changed or removed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION public.ci_baseline_sealed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'taking' OR NEW.at <> OLD.at OR NEW.scope <> OLD.scope OR NEW.name_zh <> OLD.name_zh OR NEW.name_en <> OLD.name_en
        OR NEW.reason <> OLD.reason OR NEW.made_by <> OLD.made_by OR NEW.made_name <> OLD.made_name OR NEW.created_at <> OLD.created_at THEN
        RAISE EXCEPTION 'a baseline is never changed or removed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION public.ci_campaign_items_keep() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT campaign_id FROM changed) x JOIN ci_campaigns c ON c.id = x.campaign_id WHERE c.state <> 'open') THEN
        RAISE EXCEPTION 'a campaign that is over is not changed any more' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION public.ci_campaigns_keep() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'a campaign that is over is not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.generations_count() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE generations SET n = n + 1 WHERE name = TG_TABLE_NAME;
    RETURN NULL;
END $$;
CREATE FUNCTION public.inspection_readings_keep() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
	row record;
BEGIN
	IF TG_OP = 'INSERT' THEN row := NEW; ELSE row := OLD; END IF;
	IF EXISTS (SELECT 1 FROM inspections WHERE id = row.inspection_id AND state IN ('done', 'missed', 'cancelled')) THEN
		RAISE EXCEPTION 'readings of an inspection that is over are not changed any more' USING ERRCODE = 'restrict_violation';
	END IF;
	RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION public.inspections_keep() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
	RAISE EXCEPTION 'an inspection that is over is not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.keep_published_rules() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'published rules are never changed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION public.record_open(kind text, category text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
	SELECT kind <> 'ci' AND category IN ('new', 'active', 'pending')
$$;
CREATE FUNCTION public.record_week(kind text, at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
	SELECT kind || ':' || floor(extract(epoch FROM at) / 604800)::bigint
$$;
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION public.river_job_state_in_bitmask(bitmask bit, state public.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;
CREATE FUNCTION public.search_docs_follow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
	UPDATE search_docs SET open = record_open(NEW.kind, NEW.category) WHERE record_id = NEW.id AND open <> record_open(NEW.kind, NEW.category);
	RETURN NULL;
END $$;
CREATE FUNCTION public.search_docs_follow_week() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
	UPDATE search_docs SET week = ARRAY[record_week(NEW.kind, NEW.updated_at)] WHERE record_id = NEW.id;
	RETURN NULL;
END $$;
CREATE FUNCTION public.sla_breaches_stay() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.record_id, NEW.metric, NEW.stint, NEW.due_at, NEW.detected_at, NEW.terms_id, NEW.priority, NEW.team_id)
        IS NOT DISTINCT FROM (OLD.record_id, OLD.metric, OLD.stint, OLD.due_at, OLD.detected_at, OLD.terms_id, OLD.priority, OLD.team_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a breach is a fact and is not changed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TABLE public.absences (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    person_id uuid NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    substitute_id uuid,
    note text DEFAULT ''::text NOT NULL,
    ended boolean DEFAULT false NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT absences_at_most_a_month CHECK ((until_at <= (from_at + '31 days'::interval))),
    CONSTRAINT absences_in_order CHECK ((from_at < until_at)),
    CONSTRAINT absences_not_own_substitute CHECK ((substitute_id <> person_id))
);
CREATE TABLE public.api_tokens (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    token_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE TABLE public.approval_entries (
    approval_id uuid NOT NULL,
    seq integer NOT NULL,
    round integer NOT NULL,
    kind text NOT NULL,
    seat_id uuid,
    member_id uuid,
    actor_id uuid NOT NULL,
    to_id uuid,
    reason text DEFAULT ''::text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    hash text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT approval_entries_kind CHECK ((kind = ANY (ARRAY['approve'::text, 'reject'::text, 'recuse'::text, 'opened'::text, 'joined'::text, 'ask'::text, 'answer'::text, 'hold'::text, 'release'::text, 'withdraw'::text, 'void'::text, 'delegate'::text, 'reminded'::text, 'escalated'::text]))),
    CONSTRAINT approval_entries_reason CHECK (((kind <> ALL (ARRAY['reject'::text, 'recuse'::text, 'ask'::text, 'answer'::text])) OR (reason <> ''::text)))
);
CREATE TABLE public.approval_seats (
    id uuid NOT NULL,
    approval_id uuid NOT NULL,
    seq integer NOT NULL,
    round integer NOT NULL,
    "position" integer NOT NULL,
    person_id uuid NOT NULL,
    source text NOT NULL,
    chair boolean NOT NULL,
    groups integer[] NOT NULL,
    vetoes integer[] NOT NULL,
    waiver_until timestamp with time zone,
    CONSTRAINT approval_seats_waiver CHECK (((source = 'stand_in'::text) = (waiver_until IS NOT NULL)))
);
CREATE TABLE public.approvals (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    kind text NOT NULL,
    record_id uuid NOT NULL,
    previous_id uuid,
    spec jsonb NOT NULL,
    content text NOT NULL,
    hash text NOT NULL,
    status text NOT NULL,
    step integer NOT NULL,
    round integer NOT NULL,
    stuck boolean DEFAULT false NOT NULL,
    opened_by uuid NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    look_at timestamp with time zone NOT NULL,
    CONSTRAINT approvals_closed CHECK (((closed_at IS NULL) = (status = ANY (ARRAY['open'::text, 'held'::text])))),
    CONSTRAINT approvals_status CHECK ((status = ANY (ARRAY['open'::text, 'held'::text, 'approved'::text, 'rejected'::text, 'returned'::text, 'withdrawn'::text, 'void'::text])))
);
CREATE TABLE public.attachments (
    id uuid NOT NULL,
    record_id uuid,
    comment_id uuid,
    internal boolean DEFAULT false NOT NULL,
    name text NOT NULL,
    size bigint NOT NULL,
    media_type text NOT NULL,
    sha256 text NOT NULL,
    uploaded_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    bound_at timestamp with time zone,
    CONSTRAINT attachments_size CHECK ((size >= 0))
);
CREATE TABLE public.batch_rows (
    batch_id uuid NOT NULL,
    n integer NOT NULL,
    record_id uuid NOT NULL,
    number text NOT NULL,
    outcome text DEFAULT ''::text NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    undo jsonb,
    args jsonb,
    CONSTRAINT batch_rows_outcome CHECK ((outcome = ANY (ARRAY[''::text, 'done'::text, 'refused'::text])))
);
CREATE TABLE public.batches (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    kind text NOT NULL,
    owner_id uuid NOT NULL,
    input jsonb NOT NULL,
    state text NOT NULL,
    total integer DEFAULT 0 NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    succeeded integer DEFAULT 0 NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    undoes uuid,
    file text DEFAULT ''::text NOT NULL,
    file_name text DEFAULT ''::text NOT NULL,
    problem text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT batches_state CHECK ((state = ANY (ARRAY['draft'::text, 'queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE TABLE public.canned_texts (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name text NOT NULL,
    body_zh text DEFAULT ''::text NOT NULL,
    body_en text DEFAULT ''::text NOT NULL,
    owner_id uuid NOT NULL,
    team_id uuid,
    deleted boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT canned_texts_written CHECK (((body_zh <> ''::text) OR (body_en <> ''::text)))
);
CREATE TABLE public.catalog_categories (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    icon text DEFAULT ''::text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT catalog_categories_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text)))
);
CREATE TABLE public.catalog_favourites (
    person_id uuid NOT NULL,
    item_id uuid NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.catalog_items (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    state text NOT NULL,
    category_id uuid NOT NULL,
    service_id uuid,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    current_id uuid,
    current_no integer DEFAULT 0 NOT NULL,
    draft jsonb,
    draft_hash text DEFAULT ''::text NOT NULL,
    draft_state text DEFAULT ''::text NOT NULL,
    editors uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    remark text DEFAULT ''::text NOT NULL,
    review_at timestamp with time zone,
    reviewed_by uuid,
    reminded_at timestamp with time zone,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT catalog_items_draft_state CHECK ((draft_state = ANY (ARRAY[''::text, 'editing'::text, 'submitted'::text]))),
    CONSTRAINT catalog_items_has_draft CHECK (((draft_state = ''::text) = (draft IS NULL))),
    CONSTRAINT catalog_items_in_force CHECK (((state <> 'approved'::text) OR ((current_id IS NOT NULL) AND (review_at IS NOT NULL)))),
    CONSTRAINT catalog_items_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text))),
    CONSTRAINT catalog_items_state CHECK ((state = ANY (ARRAY['draft'::text, 'approved'::text, 'retired'::text])))
);
CREATE TABLE public.catalog_pictures (
    id uuid NOT NULL,
    media_type text NOT NULL,
    body bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT catalog_pictures_size CHECK ((length(body) <= 409600)),
    CONSTRAINT catalog_pictures_type CHECK ((media_type = ANY (ARRAY['image/png'::text, 'image/jpeg'::text])))
);
CREATE TABLE public.catalog_versions (
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    no integer NOT NULL,
    content jsonb NOT NULL,
    hash text NOT NULL,
    editors uuid[] NOT NULL,
    approved_by uuid NOT NULL,
    approved_at timestamp with time zone NOT NULL,
    everyone boolean NOT NULL,
    departments uuid[] NOT NULL,
    roles text[] NOT NULL,
    terms tsvector NOT NULL,
    CONSTRAINT catalog_versions_four_eyes CHECK (((NOT (approved_by = ANY (editors))) AND (cardinality(editors) > 0)))
);
CREATE TABLE public.change_board (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    quorum integer NOT NULL,
    must text[] DEFAULT '{}'::text[] NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT change_board_one CHECK ((id = 'b0a4d000-0000-7000-8000-000000000001'::uuid)),
    CONSTRAINT change_board_quorum CHECK (((quorum >= 1) AND (quorum <= 50)))
);
CREATE TABLE public.change_bookings (
    change_id uuid NOT NULL,
    item_id uuid NOT NULL,
    slot int8range NOT NULL,
    during tstzrange NOT NULL
);
CREATE TABLE public.change_feeds (
    person_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone
);
CREATE TABLE public.change_freeze_exceptions (
    freeze_id uuid NOT NULL,
    change_id uuid NOT NULL,
    reason text NOT NULL,
    by_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT change_freeze_exceptions_reason CHECK ((reason <> ''::text))
);
CREATE TABLE public.change_freezes (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    hard boolean NOT NULL,
    service_id uuid,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    lifted boolean DEFAULT false NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT change_freezes_times CHECK ((to_at > from_at))
);
CREATE TABLE public.change_maintenance (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    binding boolean NOT NULL,
    nth smallint NOT NULL,
    weekdays smallint[] NOT NULL,
    starts text NOT NULL,
    ends text NOT NULL,
    zone text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    services uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    items uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    ended boolean DEFAULT false NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT change_maintenance_about CHECK (((cardinality(services) + cardinality(items)) > 0)),
    CONSTRAINT change_maintenance_nth CHECK (((nth >= '-1'::integer) AND (nth <= 4))),
    CONSTRAINT change_maintenance_times CHECK (((starts ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'::text) AND (ends ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'::text))),
    CONSTRAINT change_maintenance_valid CHECK ((valid_until >= valid_from)),
    CONSTRAINT change_maintenance_weekdays CHECK ((((cardinality(weekdays) >= 1) AND (cardinality(weekdays) <= 7)) AND (weekdays <@ '{1,2,3,4,5,6,7}'::smallint[])))
);
CREATE TABLE public.change_maintenance_exceptions (
    maintenance_id uuid NOT NULL,
    change_id uuid NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    by_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    about text NOT NULL,
    CONSTRAINT change_maintenance_exceptions_reason CHECK ((reason <> ''::text))
);
CREATE TABLE public.change_meetings (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number bigint NOT NULL,
    state text NOT NULL,
    begins_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    chair_id uuid NOT NULL,
    present uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    agenda jsonb DEFAULT '[]'::jsonb NOT NULL,
    remarks text DEFAULT ''::text NOT NULL,
    closed_at timestamp with time zone,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    quorate boolean,
    reminded_at timestamp with time zone,
    attendance jsonb,
    CONSTRAINT change_meetings_attendance CHECK (((attendance IS NULL) OR (state = 'held'::text))),
    CONSTRAINT change_meetings_held CHECK (((state = 'held'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT change_meetings_state CHECK ((state = ANY (ARRAY['planned'::text, 'held'::text, 'cancelled'::text]))),
    CONSTRAINT change_meetings_times CHECK ((ends_at > begins_at))
);
ALTER TABLE public.change_meetings ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.change_meetings_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE SEQUENCE public.change_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.change_templates (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    family_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    content text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    effect text DEFAULT ''::text NOT NULL,
    communication text DEFAULT ''::text NOT NULL,
    steps jsonb DEFAULT '[]'::jsonb NOT NULL,
    test_plan text DEFAULT ''::text NOT NULL,
    rollback_trigger text DEFAULT ''::text NOT NULL,
    back jsonb DEFAULT '[]'::jsonb NOT NULL,
    rollback_minutes integer DEFAULT 0 NOT NULL,
    rehearsal text DEFAULT ''::text NOT NULL,
    critical_from integer DEFAULT 2 NOT NULL,
    review_by date NOT NULL,
    authors uuid[] NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    remark text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT change_templates_approved CHECK ((((approved_by IS NULL) = (approved_at IS NULL)) AND ((state <> 'approved'::text) OR (approved_by IS NOT NULL)) AND (NOT (approved_by = ANY (authors))))),
    CONSTRAINT change_templates_authors CHECK ((cardinality(authors) > 0)),
    CONSTRAINT change_templates_critical CHECK (((critical_from >= 1) AND (critical_from <= 4))),
    CONSTRAINT change_templates_state CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'approved'::text, 'retired'::text])))
);
CREATE TABLE public.changes (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number bigint NOT NULL,
    type text NOT NULL,
    state text NOT NULL,
    unauthorised boolean DEFAULT false NOT NULL,
    on_hold boolean DEFAULT false NOT NULL,
    hold_reason text DEFAULT ''::text NOT NULL,
    title text NOT NULL,
    content text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    effect text DEFAULT ''::text NOT NULL,
    communication text DEFAULT ''::text NOT NULL,
    items uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    service_id uuid,
    steps jsonb DEFAULT '[]'::jsonb NOT NULL,
    test_plan text DEFAULT ''::text NOT NULL,
    test_result text DEFAULT ''::text NOT NULL,
    test_evidence text DEFAULT ''::text NOT NULL,
    tested_by uuid,
    tested_at timestamp with time zone,
    tested_hash text DEFAULT ''::text NOT NULL,
    rollback_trigger text DEFAULT ''::text NOT NULL,
    back jsonb DEFAULT '[]'::jsonb NOT NULL,
    rollback_minutes integer DEFAULT 0 NOT NULL,
    rehearsal text DEFAULT ''::text NOT NULL,
    window_from timestamp with time zone,
    window_to timestamp with time zone,
    assessment jsonb DEFAULT '{}'::jsonb NOT NULL,
    risk text DEFAULT ''::text NOT NULL,
    assessed_by uuid,
    assessed_at timestamp with time zone,
    assessed_hash text DEFAULT ''::text NOT NULL,
    requester_id uuid NOT NULL,
    created_by uuid NOT NULL,
    department_id uuid,
    team_id uuid,
    implementer_id uuid,
    template_id uuid,
    approved_hash text DEFAULT ''::text NOT NULL,
    approved_at timestamp with time zone,
    reject_reason text DEFAULT ''::text NOT NULL,
    cancel_reason text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone,
    started_by uuid,
    back_at timestamp with time zone,
    back_reason text DEFAULT ''::text NOT NULL,
    ended_at timestamp with time zone,
    result text DEFAULT ''::text NOT NULL,
    result_note text DEFAULT ''::text NOT NULL,
    verified_by uuid,
    verified_at timestamp with time zone,
    lessons text DEFAULT ''::text NOT NULL,
    actions text DEFAULT ''::text NOT NULL,
    items_confirmed boolean DEFAULT false NOT NULL,
    review_due_at timestamp with time zone,
    reviewed_by uuid,
    glass_reason text DEFAULT ''::text NOT NULL,
    glass_by uuid,
    glass_at timestamp with time zone,
    glass_until timestamp with time zone,
    submitted_at timestamp with time zone,
    closed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    test_files jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT changes_approved_first CHECK (((started_at IS NULL) OR (glass_at IS NOT NULL) OR ((approved_at IS NOT NULL) AND (approved_hash <> ''::text)))),
    CONSTRAINT changes_glass_has_reason CHECK (((glass_at IS NULL) OR ((glass_reason <> ''::text) AND (glass_by IS NOT NULL) AND (glass_until IS NOT NULL)))),
    CONSTRAINT changes_hold_has_reason CHECK (((NOT on_hold) OR (hold_reason <> ''::text))),
    CONSTRAINT changes_result CHECK ((result = ANY (ARRAY[''::text, 'success'::text, 'issues'::text, 'rolled_back'::text, 'failed'::text]))),
    CONSTRAINT changes_risk CHECK ((risk = ANY (ARRAY[''::text, 'low'::text, 'medium'::text, 'high'::text]))),
    CONSTRAINT changes_running_was_started CHECK (((state <> ALL (ARRAY['implementing'::text, 'rolling_back'::text, 'verifying'::text, 'review'::text, 'closed'::text])) OR (started_at IS NOT NULL))),
    CONSTRAINT changes_standard_has_template CHECK (((type <> 'standard'::text) OR (template_id IS NOT NULL))),
    CONSTRAINT changes_state CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'assessing'::text, 'testing'::text, 'reviewing'::text, 'approved'::text, 'scheduled'::text, 'implementing'::text, 'rolling_back'::text, 'verifying'::text, 'review'::text, 'closed'::text, 'cancelled'::text]))),
    CONSTRAINT changes_test_result CHECK ((test_result = ANY (ARRAY[''::text, 'passed'::text, 'failed'::text]))),
    CONSTRAINT changes_type CHECK ((type = ANY (ARRAY['normal'::text, 'standard'::text, 'emergency'::text]))),
    CONSTRAINT changes_window CHECK (((window_to IS NULL) OR (window_from IS NULL) OR (window_to > window_from)))
);
CREATE TABLE public.ci_agent_tokens (
    id uuid NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE TABLE public.ci_attributes (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    class_id uuid NOT NULL,
    key text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    type text NOT NULL,
    required boolean DEFAULT false NOT NULL,
    is_unique boolean DEFAULT false NOT NULL,
    identifier boolean DEFAULT false NOT NULL,
    options jsonb DEFAULT '[]'::jsonb NOT NULL,
    ref_class_id uuid,
    pattern text DEFAULT ''::text NOT NULL,
    min double precision,
    max double precision,
    unit text DEFAULT ''::text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ci_attributes_key CHECK ((key ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT ci_attributes_named CHECK (((name_zh <> ''::text) AND (name_en <> ''::text))),
    CONSTRAINT ci_attributes_type CHECK ((type = ANY (ARRAY['text'::text, 'number'::text, 'bool'::text, 'date'::text, 'choice'::text, 'ip'::text, 'mac'::text, 'url'::text, 'person'::text, 'item'::text])))
);
CREATE TABLE public.ci_baseline_items (
    baseline_id uuid NOT NULL,
    item_id uuid NOT NULL,
    version integer NOT NULL
);
CREATE TABLE public.ci_baselines (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    reason text NOT NULL,
    scope jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    state text NOT NULL,
    problem text DEFAULT ''::text NOT NULL,
    batch_id uuid,
    items integer DEFAULT 0 NOT NULL,
    hash text DEFAULT ''::text NOT NULL,
    made_by uuid NOT NULL,
    made_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ci_baselines_hash CHECK (((state = 'taken'::text) = (hash <> ''::text))),
    CONSTRAINT ci_baselines_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text))),
    CONSTRAINT ci_baselines_state CHECK ((state = ANY (ARRAY['taking'::text, 'taken'::text, 'failed'::text])))
);
CREATE TABLE public.ci_campaign_items (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    campaign_id uuid NOT NULL,
    item_id uuid NOT NULL,
    number bigint NOT NULL,
    asked_id uuid,
    answer text DEFAULT ''::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    item_version integer,
    answered_by uuid,
    answered_at timestamp with time zone,
    verified_by uuid,
    verified_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    state text GENERATED ALWAYS AS (
CASE
    WHEN (verified_at IS NOT NULL) THEN 'verified'::text
    WHEN (answer <> ''::text) THEN answer
    ELSE 'open'::text
END) STORED NOT NULL,
    CONSTRAINT ci_campaign_items_answer CHECK ((answer = ANY (ARRAY[''::text, 'same'::text, 'differs'::text, 'missing'::text]))),
    CONSTRAINT ci_campaign_items_answered CHECK ((((answer = ''::text) = (answered_by IS NULL)) AND ((answered_by IS NULL) = (answered_at IS NULL)))),
    CONSTRAINT ci_campaign_items_note CHECK (((answer <> ALL (ARRAY['differs'::text, 'missing'::text])) OR (note <> ''::text))),
    CONSTRAINT ci_campaign_items_verified CHECK (((verified_by IS NULL) = (verified_at IS NULL)))
);
CREATE TABLE public.ci_campaigns (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    ask text NOT NULL,
    scope jsonb NOT NULL,
    not_since timestamp with time zone,
    due_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    items integer DEFAULT 0 NOT NULL,
    reminded_at timestamp with time zone,
    overdue_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by uuid,
    remark text DEFAULT ''::text NOT NULL,
    made_by uuid NOT NULL,
    made_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ci_campaigns_ended CHECK ((((state = 'open'::text) = (ended_at IS NULL)) AND ((ended_at IS NULL) = (ended_by IS NULL)))),
    CONSTRAINT ci_campaigns_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text))),
    CONSTRAINT ci_campaigns_state CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text, 'cancelled'::text])))
);
CREATE TABLE public.ci_classes (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    parent_id uuid,
    key text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    icon text DEFAULT ''::text NOT NULL,
    abstract boolean DEFAULT false NOT NULL,
    active boolean DEFAULT true NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    identity text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ci_classes_key CHECK ((key ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT ci_classes_named CHECK (((name_zh <> ''::text) AND (name_en <> ''::text))),
    CONSTRAINT ci_classes_not_own_parent CHECK ((parent_id <> id))
);
CREATE TABLE public.ci_drifts (
    id uuid NOT NULL,
    item_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    changes jsonb NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    change_ref text DEFAULT ''::text NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    CONSTRAINT ci_drifts_decided CHECK (((state <> ALL (ARRAY['accepted'::text, 'linked'::text])) OR ((decided_by IS NOT NULL) AND ((reason <> ''::text) OR (change_ref <> ''::text))))),
    CONSTRAINT ci_drifts_state CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'linked'::text, 'muted'::text])))
);
CREATE TABLE public.ci_identifiers (
    item_id uuid NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    part boolean DEFAULT false NOT NULL
);
CREATE TABLE public.ci_import_rows (
    import_id uuid NOT NULL,
    n integer NOT NULL,
    raw text[],
    content jsonb,
    action text DEFAULT ''::text NOT NULL,
    code text DEFAULT ''::text NOT NULL,
    item_id uuid,
    changes jsonb DEFAULT '[]'::jsonb NOT NULL,
    step integer,
    param text DEFAULT ''::text NOT NULL,
    CONSTRAINT ci_import_rows_action CHECK ((action = ANY (ARRAY[''::text, 'add'::text, 'change'::text, 'skip'::text, 'failed'::text, 'review'::text, 'relate'::text])))
);
CREATE TABLE public.ci_imports (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    owner_id uuid NOT NULL,
    source text NOT NULL,
    format text NOT NULL,
    file_name text NOT NULL,
    columns text[] DEFAULT '{}'::text[] NOT NULL,
    mapping jsonb DEFAULT '{}'::jsonb NOT NULL,
    class_id uuid,
    complete boolean NOT NULL,
    state text NOT NULL,
    batch_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ci_imports_format CHECK ((format = ANY (ARRAY['table'::text, 'netbox'::text]))),
    CONSTRAINT ci_imports_state CHECK ((state = ANY (ARRAY['mapping'::text, 'ready'::text, 'started'::text, 'done'::text])))
);
CREATE TABLE public.ci_item_keys (
    source text NOT NULL,
    source_key text NOT NULL,
    item_id uuid NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
CREATE TABLE public.ci_items (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    class_id uuid NOT NULL,
    lifecycle text NOT NULL,
    operational text NOT NULL,
    install text NOT NULL,
    criticality smallint DEFAULT 3 NOT NULL,
    owner_id uuid,
    custodian_id uuid,
    department_id uuid,
    service_id uuid,
    team_id uuid,
    location text DEFAULT ''::text NOT NULL,
    supplier text DEFAULT ''::text NOT NULL,
    contract text DEFAULT ''::text NOT NULL,
    contract_until date,
    warranty_until date,
    reminded_until date,
    redundancy smallint DEFAULT 0 NOT NULL,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    locks text[] DEFAULT '{}'::text[] NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    source_key text DEFAULT ''::text NOT NULL,
    stale_at timestamp with time zone,
    verified_at timestamp with time zone,
    verified_by uuid,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    origins jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ci_items_criticality CHECK (((criticality >= 1) AND (criticality <= 4))),
    CONSTRAINT ci_items_install CHECK ((install = ANY (ARRAY['none'::text, 'pending'::text, 'installed'::text, 'removing'::text, 'removed'::text]))),
    CONSTRAINT ci_items_lifecycle CHECK ((lifecycle = ANY (ARRAY['planned'::text, 'ordered'::text, 'stock'::text, 'staging'::text, 'production'::text, 'maintenance'::text, 'retired'::text, 'disposed'::text]))),
    CONSTRAINT ci_items_named CHECK ((name <> ''::text)),
    CONSTRAINT ci_items_operational CHECK ((operational = ANY (ARRAY['unknown'::text, 'up'::text, 'degraded'::text, 'down'::text, 'off'::text]))),
    CONSTRAINT ci_items_redundancy CHECK (((redundancy >= 0) AND (redundancy <= 10000))),
    CONSTRAINT ci_items_states_agree CHECK ((((lifecycle <> ALL (ARRAY['production'::text, 'maintenance'::text])) OR (install = 'installed'::text)) AND ((operational = ANY (ARRAY['unknown'::text, 'off'::text])) OR (install = 'installed'::text)) AND ((lifecycle <> ALL (ARRAY['planned'::text, 'ordered'::text, 'disposed'::text])) OR (install = ANY (ARRAY['none'::text, 'pending'::text, 'removed'::text])))))
);
CREATE SEQUENCE public.ci_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.ci_parts (
    item_id uuid NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    detail text NOT NULL,
    since timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);
CREATE TABLE public.ci_relation_types (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    key text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    inverse_zh text NOT NULL,
    inverse_en text NOT NULL,
    impact text NOT NULL,
    redundant boolean DEFAULT false NOT NULL,
    from_class_id uuid,
    to_class_id uuid,
    max_to integer DEFAULT 0 NOT NULL,
    max_from integer DEFAULT 0 NOT NULL,
    active boolean DEFAULT true NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ci_relation_types_impact CHECK ((impact = ANY (ARRAY['none'::text, 'forward'::text, 'backward'::text, 'both'::text]))),
    CONSTRAINT ci_relation_types_max CHECK (((max_to >= 0) AND (max_from >= 0))),
    CONSTRAINT ci_relation_types_named CHECK (((name_zh <> ''::text) AND (name_en <> ''::text) AND (inverse_zh <> ''::text) AND (inverse_en <> ''::text)))
);
CREATE TABLE public.ci_relations (
    id uuid NOT NULL,
    type_id uuid NOT NULL,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    source text NOT NULL,
    source_ref text DEFAULT ''::text NOT NULL,
    created_by uuid NOT NULL,
    created_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by uuid,
    ended_name text DEFAULT ''::text NOT NULL,
    ended_source text DEFAULT ''::text NOT NULL,
    ended_ref text DEFAULT ''::text NOT NULL,
    CONSTRAINT ci_relations_source CHECK ((source = ANY (ARRAY['person'::text, 'import'::text, 'agent'::text, 'change'::text]))),
    CONSTRAINT ci_relations_times CHECK ((ended_at >= created_at))
);
CREATE TABLE public.ci_reviews (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    source text NOT NULL,
    source_key text NOT NULL,
    name text NOT NULL,
    content jsonb NOT NULL,
    candidates uuid[] NOT NULL,
    reason text NOT NULL,
    decided text DEFAULT ''::text NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    item_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ci_reviews_decided CHECK ((decided = ANY (ARRAY[''::text, 'item'::text, 'new'::text, 'dismissed'::text])))
);
CREATE TABLE public.ci_unique_values (
    attribute_id uuid NOT NULL,
    value text NOT NULL,
    item_id uuid NOT NULL
);
CREATE TABLE public.ci_versions (
    item_id uuid NOT NULL,
    version integer NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id uuid NOT NULL,
    actor_name text NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    state jsonb NOT NULL,
    CONSTRAINT ci_versions_source CHECK ((source = ANY (ARRAY['person'::text, 'import'::text, 'agent'::text, 'change'::text])))
);
CREATE TABLE public.comments (
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    body text NOT NULL,
    thanks boolean DEFAULT false NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.control_findings (
    run_id uuid NOT NULL,
    n integer NOT NULL,
    kind text NOT NULL,
    object_id uuid NOT NULL,
    label text NOT NULL,
    detail text NOT NULL
);
CREATE TABLE public.control_runs (
    id uuid NOT NULL,
    control text NOT NULL,
    ran_at timestamp with time zone NOT NULL,
    ran_by uuid NOT NULL,
    ran_name text NOT NULL,
    population integer NOT NULL,
    exceptions integer NOT NULL,
    bounded boolean NOT NULL,
    took_ms integer NOT NULL,
    sql_hash text NOT NULL,
    app text NOT NULL,
    CONSTRAINT control_runs_counts CHECK (((population >= 0) AND (exceptions >= 0)))
);
CREATE TABLE public.credentials (
    person_id uuid NOT NULL,
    hash text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    must_change boolean DEFAULT false NOT NULL,
    locked_until timestamp with time zone
);
CREATE TABLE public.departments (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    parent_id uuid,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    manager_id uuid,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT departments_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text))),
    CONSTRAINT departments_not_own_parent CHECK ((parent_id <> id))
);
CREATE TABLE public.deputies (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    person_id uuid NOT NULL,
    deputy_id uuid NOT NULL,
    begins_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    begun boolean DEFAULT false NOT NULL,
    ended boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT deputies_days CHECK (((ends_at > begins_at) AND (ends_at <= (begins_at + '30 days'::interval)))),
    CONSTRAINT deputies_not_self CHECK ((deputy_id <> person_id))
);
CREATE TABLE public.drafts (
    person_id uuid NOT NULL,
    key text NOT NULL,
    body jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.generations (
    name text NOT NULL,
    n bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='10');
CREATE TABLE public.idempotency_keys (
    actor_id uuid NOT NULL,
    key text NOT NULL,
    action text NOT NULL,
    input_hash bytea NOT NULL,
    result_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.incident_affected (
    incident_id uuid NOT NULL,
    person_id uuid NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.incident_announcements (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    incident_id uuid NOT NULL,
    title_zh text DEFAULT ''::text NOT NULL,
    title_en text DEFAULT ''::text NOT NULL,
    text_zh text DEFAULT ''::text NOT NULL,
    text_en text DEFAULT ''::text NOT NULL,
    everybody boolean NOT NULL,
    departments uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    services uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    expected_at timestamp with time zone,
    published_at timestamp with time zone NOT NULL,
    published_by uuid NOT NULL,
    withdrawn_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT incident_announcements_addressed CHECK ((everybody OR ((cardinality(departments) + cardinality(services)) > 0))),
    CONSTRAINT incident_announcements_worded CHECK ((((title_zh <> ''::text) OR (title_en <> ''::text)) AND ((text_zh <> ''::text) OR (text_en <> ''::text))))
);
CREATE TABLE public.incident_cascade_items (
    cascade_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    problem text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.incident_cascades (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    was_reason text DEFAULT ''::text NOT NULL,
    remark text DEFAULT ''::text NOT NULL,
    by_id uuid NOT NULL,
    by_name text NOT NULL,
    total integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT incident_cascades_state CHECK ((state = ANY (ARRAY['in_progress'::text, 'pending'::text, 'resolved'::text])))
);
CREATE TABLE public.incident_categories (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    parent_id uuid,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    team_id uuid,
    confidential boolean DEFAULT false NOT NULL,
    active boolean DEFAULT true NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    source_key text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT incident_categories_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text))),
    CONSTRAINT incident_categories_not_own_parent CHECK ((parent_id <> id))
);
CREATE TABLE public.incident_chronicle (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    text_zh text DEFAULT ''::text NOT NULL,
    text_en text DEFAULT ''::text NOT NULL,
    public boolean DEFAULT false NOT NULL,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.incident_macros (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name text NOT NULL,
    steps jsonb NOT NULL,
    owner_id uuid NOT NULL,
    team_id uuid,
    deleted boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.incident_major_actions (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    incident_id uuid NOT NULL,
    title text NOT NULL,
    owner_id uuid NOT NULL,
    due_on date NOT NULL,
    done_at timestamp with time zone,
    done_by uuid,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.incident_major_reviews (
    incident_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    state text NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    impact text DEFAULT ''::text NOT NULL,
    cause text DEFAULT ''::text NOT NULL,
    went_well text DEFAULT ''::text NOT NULL,
    went_badly text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone,
    restored_at timestamp with time zone,
    authors uuid[] NOT NULL,
    submitted_by uuid,
    submitted_at timestamp with time zone,
    signed_by uuid,
    signed_at timestamp with time zone,
    returned_by uuid,
    returned_at timestamp with time zone,
    return_reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT incident_major_reviews_in_order CHECK (((started_at IS NULL) OR (restored_at IS NULL) OR (restored_at >= started_at))),
    CONSTRAINT incident_major_reviews_other_signs CHECK (((signed_by IS NULL) OR (signed_by <> ALL (authors)))),
    CONSTRAINT incident_major_reviews_signed CHECK ((((state = 'signed'::text) = (signed_by IS NOT NULL)) AND ((signed_by IS NULL) = (signed_at IS NULL)))),
    CONSTRAINT incident_major_reviews_state CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'signed'::text])))
);
CREATE TABLE public.incident_majors (
    incident_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    began_at timestamp with time zone NOT NULL,
    proposed_at timestamp with time zone,
    proposed_by uuid,
    proposal text DEFAULT ''::text NOT NULL,
    declined_at timestamp with time zone,
    declined_by uuid,
    decline_reason text DEFAULT ''::text NOT NULL,
    declared_at timestamp with time zone,
    declared_by uuid,
    reason text DEFAULT ''::text NOT NULL,
    manager_id uuid,
    communicator_id uuid,
    technical_id uuid,
    cadence_minutes integer DEFAULT 60 NOT NULL,
    next_update_at timestamp with time zone,
    update_reminded timestamp with time zone,
    notice_due_at timestamp with time zone,
    notice_at timestamp with time zone,
    notice_by uuid,
    notice_reminded timestamp with time zone,
    management uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    ended_at timestamp with time zone,
    ended_by uuid,
    ending text DEFAULT ''::text NOT NULL,
    review_due_at timestamp with time zone,
    review_signed_at timestamp with time zone,
    review_reminded timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    declined_seen jsonb,
    CONSTRAINT incident_majors_cadence CHECK (((cadence_minutes >= 10) AND (cadence_minutes <= 1440))),
    CONSTRAINT incident_majors_in_order CHECK (((declared_at IS NOT NULL) OR ((ended_at IS NULL) AND (notice_due_at IS NULL))))
);
CREATE TABLE public.incident_merges (
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    target_id uuid NOT NULL,
    source_before jsonb NOT NULL,
    target_reported_at timestamp with time zone NOT NULL,
    target_created_at timestamp with time zone NOT NULL,
    moved jsonb NOT NULL,
    merged_by uuid NOT NULL,
    merged_at timestamp with time zone NOT NULL,
    undone_by uuid,
    undone_at timestamp with time zone,
    CONSTRAINT incident_merges_not_self CHECK ((source_id <> target_id)),
    CONSTRAINT incident_merges_undone CHECK (((undone_by IS NULL) = (undone_at IS NULL)))
);
CREATE SEQUENCE public.incident_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.incident_priorities (
    impact smallint NOT NULL,
    urgency smallint NOT NULL,
    priority smallint NOT NULL,
    CONSTRAINT incident_priorities_impact CHECK (((impact >= 1) AND (impact <= 3))),
    CONSTRAINT incident_priorities_priority CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT incident_priorities_urgency CHECK (((urgency >= 1) AND (urgency <= 3)))
);
CREATE TABLE public.incident_tasks (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    incident_id uuid NOT NULL,
    title text NOT NULL,
    assignee_id uuid,
    "position" integer NOT NULL,
    done_at timestamp with time zone,
    done_by uuid,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.incident_unassigned_alarms (
    incident_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    told_at timestamp with time zone
);
CREATE TABLE public.incidents (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number bigint NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    state text NOT NULL,
    pending_reason text DEFAULT ''::text NOT NULL,
    channel text NOT NULL,
    impact smallint NOT NULL,
    urgency smallint NOT NULL,
    priority smallint NOT NULL,
    priority_reason text DEFAULT ''::text NOT NULL,
    category_id uuid,
    service_id uuid,
    location text DEFAULT ''::text NOT NULL,
    device text DEFAULT ''::text NOT NULL,
    requester_id uuid NOT NULL,
    created_by uuid NOT NULL,
    department_id uuid,
    team_id uuid,
    assignee_id uuid,
    confidential boolean DEFAULT false NOT NULL,
    resolution_code text DEFAULT ''::text NOT NULL,
    cause text DEFAULT ''::text NOT NULL,
    process text DEFAULT ''::text NOT NULL,
    cancel_reason text DEFAULT ''::text NOT NULL,
    reopen_count integer DEFAULT 0 NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    responded_at timestamp with time zone,
    resolved_at timestamp with time zone,
    resolved_by uuid,
    closed_at timestamp with time zone,
    closed_by uuid,
    reopened_at timestamp with time zone,
    reopened_by uuid,
    auto_close_at timestamp with time zone,
    source text DEFAULT ''::text NOT NULL,
    source_key text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    parent_id uuid,
    child_as text DEFAULT ''::text NOT NULL,
    attached_at timestamp with time zone,
    major text DEFAULT ''::text NOT NULL,
    CONSTRAINT incidents_cancelled_has_reason CHECK (((state <> 'cancelled'::text) OR (cancel_reason <> ''::text))),
    CONSTRAINT incidents_child_as CHECK (((child_as = ANY (ARRAY[''::text, 'same'::text, 'part'::text])) AND ((parent_id IS NULL) = (child_as = ''::text)) AND ((parent_id IS NULL) = (attached_at IS NULL)))),
    CONSTRAINT incidents_impact CHECK (((impact >= 1) AND (impact <= 3))),
    CONSTRAINT incidents_major CHECK ((major = ANY (ARRAY[''::text, 'proposed'::text, 'declared'::text, 'ended'::text]))),
    CONSTRAINT incidents_not_own_parent CHECK ((parent_id <> id)),
    CONSTRAINT incidents_pending_has_reason CHECK (((state = 'pending'::text) = (pending_reason <> ''::text))),
    CONSTRAINT incidents_priority CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT incidents_resolved_has_cause CHECK (((state <> ALL (ARRAY['resolved'::text, 'closed'::text])) OR ((resolution_code <> ''::text) AND (cause <> ''::text) AND (process <> ''::text) AND (resolved_at IS NOT NULL)))),
    CONSTRAINT incidents_state CHECK ((state = ANY (ARRAY['new'::text, 'accepted'::text, 'in_progress'::text, 'pending'::text, 'resolved'::text, 'closed'::text, 'cancelled'::text, 'merged'::text]))),
    CONSTRAINT incidents_times_in_order CHECK ((((responded_at IS NULL) OR (responded_at >= reported_at)) AND ((resolved_at IS NULL) OR (resolved_at >= reported_at)) AND ((closed_at IS NULL) OR (resolved_at IS NULL) OR (closed_at >= resolved_at)))),
    CONSTRAINT incidents_urgency CHECK (((urgency >= 1) AND (urgency <= 3)))
);
CREATE TABLE public.inspection_incidents (
    inspection_id uuid NOT NULL,
    item_id uuid NOT NULL,
    point text NOT NULL,
    incident_id uuid NOT NULL,
    by_id uuid NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.inspection_items (
    inspection_id uuid NOT NULL,
    item_id uuid NOT NULL,
    scheduled_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.inspection_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.inspection_plans (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    state text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    items uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    selection jsonb,
    points jsonb NOT NULL,
    recurrence jsonb NOT NULL,
    calendar_id uuid,
    allow_minutes integer NOT NULL,
    team_id uuid NOT NULL,
    person_id uuid,
    service_id uuid,
    reason text DEFAULT ''::text NOT NULL,
    made_until timestamp with time zone NOT NULL,
    look_at timestamp with time zone NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT inspection_plans_allow CHECK (((allow_minutes >= 15) AND (allow_minutes <= 44640))),
    CONSTRAINT inspection_plans_state CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'retired'::text]))),
    CONSTRAINT inspection_plans_what CHECK (((cardinality(items) > 0) OR (selection IS NOT NULL)))
);
CREATE TABLE public.inspection_readings (
    inspection_id uuid NOT NULL,
    item_id uuid NOT NULL,
    point text NOT NULL,
    verdict text DEFAULT ''::text NOT NULL,
    number double precision,
    text text DEFAULT ''::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    finding boolean DEFAULT false NOT NULL,
    by_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT inspection_readings_one CHECK ((((((verdict <> ''::text))::integer + ((number IS NOT NULL))::integer) + ((text <> ''::text))::integer) = 1)),
    CONSTRAINT inspection_readings_verdict CHECK ((verdict = ANY (ARRAY[''::text, 'ok'::text, 'not_ok'::text, 'na'::text])))
);
CREATE TABLE public.inspections (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number bigint NOT NULL,
    plan_id uuid NOT NULL,
    plan_version integer NOT NULL,
    state text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    items uuid[] NOT NULL,
    points jsonb NOT NULL,
    team_id uuid NOT NULL,
    person_id uuid,
    service_id uuid,
    requester_id uuid NOT NULL,
    scheduled_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    overdue_at timestamp with time zone,
    started_at timestamp with time zone,
    started_by uuid,
    ended_at timestamp with time zone,
    finished_by uuid,
    findings integer DEFAULT 0 NOT NULL,
    files jsonb DEFAULT '{}'::jsonb NOT NULL,
    remark text DEFAULT ''::text NOT NULL,
    cancel_reason text DEFAULT ''::text NOT NULL,
    superseded boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT inspections_begun CHECK (((state <> ALL (ARRAY['in_progress'::text, 'done'::text])) OR ((started_by IS NOT NULL) AND (started_at IS NOT NULL)))),
    CONSTRAINT inspections_cancelled CHECK (((state <> 'cancelled'::text) OR (cancel_reason <> ''::text))),
    CONSTRAINT inspections_done CHECK (((state = 'done'::text) = (finished_by IS NOT NULL))),
    CONSTRAINT inspections_due CHECK ((due_at > scheduled_at)),
    CONSTRAINT inspections_ended CHECK (((state = ANY (ARRAY['done'::text, 'missed'::text, 'cancelled'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT inspections_state CHECK ((state = ANY (ARRAY['planned'::text, 'in_progress'::text, 'done'::text, 'missed'::text, 'cancelled'::text])))
);
CREATE TABLE public.notes (
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    body text NOT NULL,
    at timestamp with time zone NOT NULL,
    edited_at timestamp with time zone,
    removed_at timestamp with time zone,
    CONSTRAINT notes_removed CHECK (((removed_at IS NULL) OR (body = ''::text)))
);
CREATE TABLE public.notification_habits (
    person_id uuid NOT NULL,
    habits jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.notifications (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event text NOT NULL,
    audience text NOT NULL,
    kind text NOT NULL,
    record_id uuid NOT NULL,
    number text NOT NULL,
    title text NOT NULL,
    actor_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone,
    shown_at timestamp with time zone DEFAULT now() NOT NULL,
    done_at timestamp with time zone
);
CREATE TABLE public.one_time_links (
    token_hash bytea NOT NULL,
    purpose text NOT NULL,
    person_id uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT one_time_links_purpose CHECK ((purpose = ANY (ARRAY['setup'::text, 'reset'::text])))
);
CREATE TABLE public.outbox (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    person_id uuid NOT NULL,
    dedupe text NOT NULL,
    address text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    thread text DEFAULT ''::text NOT NULL,
    secret boolean DEFAULT false NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    due_at timestamp with time zone,
    event text DEFAULT ''::text NOT NULL,
    audience text DEFAULT ''::text NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    record_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    number text DEFAULT ''::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    actor_name text DEFAULT ''::text NOT NULL,
    CONSTRAINT outbox_state CHECK ((state = ANY (ARRAY['held'::text, 'queued'::text, 'sent'::text, 'failed'::text, 'waiting'::text, 'digest'::text, 'merged'::text, 'dropped'::text])))
);
CREATE TABLE public.people (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    username text NOT NULL,
    name text NOT NULL,
    name_en text DEFAULT ''::text NOT NULL,
    pinyin text DEFAULT ''::text NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    location text DEFAULT ''::text NOT NULL,
    department_id uuid,
    lang text DEFAULT ''::text NOT NULL,
    time_zone text DEFAULT 'Asia/Shanghai'::text NOT NULL,
    theme text DEFAULT ''::text NOT NULL,
    density text DEFAULT ''::text NOT NULL,
    shortcuts boolean DEFAULT true NOT NULL,
    mail boolean DEFAULT true NOT NULL,
    vip boolean DEFAULT false NOT NULL,
    active boolean DEFAULT true NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    source_key text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT people_density CHECK ((density = ANY (ARRAY[''::text, 'compact'::text]))),
    CONSTRAINT people_lang CHECK ((lang = ANY (ARRAY[''::text, 'zh-CN'::text, 'en'::text]))),
    CONSTRAINT people_named CHECK ((name <> ''::text)),
    CONSTRAINT people_theme CHECK ((theme = ANY (ARRAY[''::text, 'light'::text, 'dark'::text, 'auto'::text])))
);
CREATE TABLE public.record_links (
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    relation text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT record_links_not_self CHECK ((from_id <> to_id))
);
CREATE TABLE public.record_named (
    record_id uuid NOT NULL,
    person_id uuid NOT NULL,
    reason text NOT NULL,
    until timestamp with time zone NOT NULL,
    added_by uuid NOT NULL,
    added_at timestamp with time zone NOT NULL
);
CREATE TABLE public.record_participants (
    record_id uuid NOT NULL,
    person_id uuid NOT NULL,
    role text NOT NULL,
    source_id uuid NOT NULL
);
CREATE TABLE public.record_waits (
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    person_id uuid NOT NULL,
    what text NOT NULL,
    source_id uuid NOT NULL,
    path text NOT NULL,
    detail text NOT NULL,
    due_at timestamp with time zone,
    since timestamp with time zone NOT NULL,
    shown_at timestamp with time zone NOT NULL
);
CREATE TABLE public.record_watchers (
    record_id uuid NOT NULL,
    person_id uuid NOT NULL,
    added_by uuid NOT NULL,
    added_at timestamp with time zone NOT NULL
);
CREATE TABLE public.records (
    id uuid NOT NULL,
    kind text NOT NULL,
    number text NOT NULL,
    title text NOT NULL,
    state text NOT NULL,
    category text NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    requester_id uuid,
    created_by uuid NOT NULL,
    assignee_id uuid,
    team_id uuid,
    department_id uuid,
    service_id uuid,
    due_at timestamp with time zone,
    confidential boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT records_state_category CHECK ((category = ANY (ARRAY['new'::text, 'active'::text, 'pending'::text, 'resolved'::text, 'closed'::text, 'cancelled'::text])))
);
CREATE TABLE public.river_job (
    id bigint NOT NULL,
    state public.river_job_state DEFAULT 'available'::public.river_job_state NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 25 NOT NULL,
    attempted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finalized_at timestamp with time zone,
    scheduled_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    args jsonb NOT NULL,
    attempted_by text[],
    errors jsonb[],
    kind text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    queue text DEFAULT 'default'::text NOT NULL,
    tags character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    unique_key bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))))),
    CONSTRAINT kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0)),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))
);
CREATE SEQUENCE public.river_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_job_id_seq OWNED BY public.river_job.id;
CREATE UNLOGGED TABLE public.river_leader (
    elected_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leader_id text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
    CONSTRAINT name_length CHECK ((name = 'default'::text))
);
CREATE TABLE public.river_migration (
    line text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT line_length CHECK (((char_length(line) > 0) AND (char_length(line) < 128))),
    CONSTRAINT version_gte_1 CHECK ((version >= 1))
);
CREATE TABLE public.river_notification (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);
CREATE SEQUENCE public.river_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.river_notification_id_seq OWNED BY public.river_notification.id;
CREATE TABLE public.river_queue (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.role_grants (
    person_id uuid NOT NULL,
    role text NOT NULL,
    granted_by uuid NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    until timestamp with time zone,
    CONSTRAINT role_grants_not_to_oneself CHECK ((granted_by <> person_id)),
    CONSTRAINT role_grants_role CHECK ((role = ANY (ARRAY['REQ'::text, 'L1'::text, 'L2'::text, 'LEAD'::text, 'CM'::text, 'CAB'::text, 'IMP'::text, 'CFG'::text, 'MGR'::text, 'AUD'::text, 'SYS'::text, 'SEC'::text, 'ADA'::text])))
);
CREATE TABLE public.routing_applications (
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    set_id uuid NOT NULL,
    number integer NOT NULL,
    rule_id uuid NOT NULL,
    rule text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.routing_served (
    team_id uuid NOT NULL,
    person_id uuid NOT NULL,
    turn bigint NOT NULL
);
CREATE TABLE public.routing_sets (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number integer DEFAULT 0 NOT NULL,
    state text NOT NULL,
    rules jsonb NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    published_at timestamp with time zone,
    published_by uuid,
    CONSTRAINT routing_sets_numbered CHECK (((state = ANY (ARRAY['published'::text, 'retired'::text])) = (number > 0))),
    CONSTRAINT routing_sets_state CHECK ((state = ANY (ARRAY['draft'::text, 'published'::text, 'retired'::text, 'dropped'::text])))
);
CREATE TABLE public.routing_trials (
    id uuid NOT NULL,
    set_id uuid NOT NULL,
    result jsonb NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.routing_turns (
    team_id uuid NOT NULL,
    turn bigint NOT NULL
);
CREATE TABLE public.search_docs (
    record_id uuid NOT NULL,
    hash bigint NOT NULL,
    terms tsvector NOT NULL,
    talk tsvector NOT NULL,
    notes tsvector NOT NULL,
    open boolean DEFAULT true NOT NULL,
    week text[] DEFAULT '{}'::text[] NOT NULL
);
ALTER TABLE ONLY public.search_docs ALTER COLUMN terms SET STATISTICS 500;
ALTER TABLE ONLY public.search_docs ALTER COLUMN week SET STATISTICS 500;
CREATE SEQUENCE public.service_request_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.service_request_tasks (
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    key text NOT NULL,
    title_zh text NOT NULL,
    title_en text NOT NULL,
    output text NOT NULL,
    state text NOT NULL,
    team_id uuid,
    assignee_id uuid,
    "position" integer NOT NULL,
    after text[] NOT NULL,
    ready_at timestamp with time zone,
    done_at timestamp with time zone,
    done_by uuid,
    remark text DEFAULT ''::text NOT NULL,
    made_kind text DEFAULT ''::text NOT NULL,
    made_id uuid,
    waits boolean DEFAULT false NOT NULL,
    CONSTRAINT service_request_tasks_done CHECK (((state = 'done'::text) = (done_at IS NOT NULL))),
    CONSTRAINT service_request_tasks_output CHECK ((output = ANY (ARRAY['task'::text, 'incident'::text, 'change'::text]))),
    CONSTRAINT service_request_tasks_state CHECK ((state = ANY (ARRAY['waiting'::text, 'ready'::text, 'done'::text, 'skipped'::text, 'void'::text])))
);
CREATE TABLE public.service_requests (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    number bigint NOT NULL,
    item_id uuid NOT NULL,
    version_id uuid NOT NULL,
    title text NOT NULL,
    state text NOT NULL,
    pending_reason text DEFAULT ''::text NOT NULL,
    answers jsonb NOT NULL,
    remark text DEFAULT ''::text NOT NULL,
    impact smallint NOT NULL,
    urgency smallint NOT NULL,
    priority smallint NOT NULL,
    price bigint DEFAULT 0 NOT NULL,
    access boolean NOT NULL,
    requester_id uuid NOT NULL,
    created_by uuid NOT NULL,
    department_id uuid,
    service_id uuid,
    team_id uuid,
    assignee_id uuid,
    reject_reason text DEFAULT ''::text NOT NULL,
    cancel_reason text DEFAULT ''::text NOT NULL,
    copy_of uuid,
    reopen_count integer DEFAULT 0 NOT NULL,
    submitted_at timestamp with time zone,
    approved_at timestamp with time zone,
    expected_at timestamp with time zone,
    fulfilled_at timestamp with time zone,
    fulfilled_by uuid,
    closed_at timestamp with time zone,
    closed_by uuid,
    auto_close_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    held_since timestamp with time zone,
    confidential boolean DEFAULT false NOT NULL,
    CONSTRAINT service_requests_approved_first CHECK (((state <> ALL (ARRAY['approved'::text, 'fulfilling'::text, 'pending'::text, 'fulfilled'::text, 'closed'::text])) OR ((submitted_at IS NOT NULL) AND (approved_at IS NOT NULL)))),
    CONSTRAINT service_requests_fulfilled_has_time CHECK (((state <> ALL (ARRAY['fulfilled'::text, 'closed'::text])) OR (fulfilled_at IS NOT NULL))),
    CONSTRAINT service_requests_impact CHECK (((impact >= 1) AND (impact <= 3))),
    CONSTRAINT service_requests_pending_has_reason CHECK (((state = 'pending'::text) = (pending_reason <> ''::text))),
    CONSTRAINT service_requests_priority CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT service_requests_rejected_has_reason CHECK (((state <> 'rejected'::text) OR (reject_reason <> ''::text))),
    CONSTRAINT service_requests_state CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'approving'::text, 'approved'::text, 'fulfilling'::text, 'pending'::text, 'fulfilled'::text, 'closed'::text, 'rejected'::text, 'cancelled'::text]))),
    CONSTRAINT service_requests_urgency CHECK (((urgency >= 1) AND (urgency <= 3)))
);
CREATE TABLE public.services (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    owner_id uuid,
    team_id uuid,
    key_system boolean DEFAULT false NOT NULL,
    active boolean DEFAULT true NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    source_key text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    state text DEFAULT 'live'::text NOT NULL,
    CONSTRAINT services_live_active CHECK ((active = (state = 'live'::text))),
    CONSTRAINT services_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text))),
    CONSTRAINT services_state CHECK ((state = ANY (ARRAY['draft'::text, 'live'::text, 'retired'::text])))
);
CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ip text DEFAULT ''::text NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.settings (
    id uuid NOT NULL,
    name text NOT NULL,
    value jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    updated_by uuid NOT NULL
);
CREATE TABLE public.sign_in_failures (
    bucket text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.sla_agreements (
    id uuid NOT NULL,
    kind text NOT NULL,
    team_id uuid,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT sla_agreements_kind CHECK ((kind = ANY (ARRAY['sla'::text, 'ola'::text]))),
    CONSTRAINT sla_agreements_team CHECK (((kind = 'ola'::text) = (team_id IS NOT NULL)))
);
CREATE TABLE public.sla_breaches (
    record_id uuid NOT NULL,
    metric text NOT NULL,
    stint integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    detected_at timestamp with time zone NOT NULL,
    terms_id uuid NOT NULL,
    priority smallint NOT NULL,
    team_id uuid,
    excluded_at timestamp with time zone,
    excluded_by uuid,
    exclusion text DEFAULT ''::text NOT NULL,
    CONSTRAINT sla_breaches_exclusion CHECK ((((excluded_at IS NULL) = (excluded_by IS NULL)) AND ((excluded_at IS NULL) = (exclusion = ''::text))))
);
CREATE TABLE public.sla_calendars (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    timeline jsonb NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT sla_calendars_default_active CHECK ((active OR (NOT is_default))),
    CONSTRAINT sla_calendars_has_rules CHECK ((jsonb_array_length(timeline) > 0)),
    CONSTRAINT sla_calendars_named CHECK (((name_zh <> ''::text) AND (name_en <> ''::text)))
);
CREATE TABLE public.sla_clocks (
    record_id uuid NOT NULL,
    metric text NOT NULL,
    stint integer NOT NULL,
    state text NOT NULL,
    terms_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    target text NOT NULL,
    goal_us bigint NOT NULL,
    spent_us bigint NOT NULL,
    as_of timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    warn_at timestamp with time zone,
    crit_at timestamp with time zone,
    ended_at timestamp with time zone,
    breached_at timestamp with time zone,
    next_at timestamp with time zone,
    CONSTRAINT sla_clocks_metric CHECK ((metric = ANY (ARRAY['response'::text, 'resolution'::text, 'team'::text]))),
    CONSTRAINT sla_clocks_state CHECK ((state = ANY (ARRAY['running'::text, 'paused'::text, 'met'::text, 'missed'::text, 'void'::text])))
);
CREATE TABLE public.sla_events (
    record_id uuid NOT NULL,
    n integer NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    terms_id uuid,
    team_terms_id uuid,
    team_id uuid,
    priority smallint DEFAULT 0 NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    pauses boolean DEFAULT false NOT NULL,
    since timestamp with time zone,
    actor_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT sla_events_kind CHECK ((kind = ANY (ARRAY['started'::text, 'responded'::text, 'unanswered'::text, 'paused'::text, 'resumed'::text, 'stopped'::text, 'reopened'::text, 'stands'::text, 'voided'::text, 'reclassified'::text, 'joined'::text, 'handed'::text, 'parted'::text])))
);
CREATE TABLE public.sla_fired (
    record_id uuid NOT NULL,
    metric text NOT NULL,
    stint integer NOT NULL,
    mark text NOT NULL,
    due_at timestamp with time zone,
    fired_at timestamp with time zone NOT NULL,
    told uuid[] NOT NULL,
    goal_us bigint NOT NULL
);
CREATE TABLE public.sla_nudges (
    record_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    person_id uuid NOT NULL
);
CREATE TABLE public.sla_revision (
    only_row boolean DEFAULT true NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT sla_revision_one CHECK (only_row)
);
CREATE TABLE public.sla_versions (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    agreement_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    kinds text[] DEFAULT '{}'::text[] NOT NULL,
    services uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    departments uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    vip boolean DEFAULT false NOT NULL,
    calendar_id uuid NOT NULL,
    targets jsonb NOT NULL,
    marks jsonb NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    review_by date NOT NULL,
    authors uuid[] NOT NULL,
    approved_by uuid,
    approved_at timestamp with time zone,
    remark text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT sla_versions_approved CHECK (((state = 'approved'::text) = ((approved_by IS NOT NULL) AND (approved_at IS NOT NULL)))),
    CONSTRAINT sla_versions_authored CHECK ((cardinality(authors) > 0)),
    CONSTRAINT sla_versions_complete CHECK ((jsonb_array_length(targets) = 4)),
    CONSTRAINT sla_versions_dates CHECK (((valid_until IS NULL) OR (valid_until > valid_from))),
    CONSTRAINT sla_versions_named CHECK (((name_zh <> ''::text) AND (name_en <> ''::text))),
    CONSTRAINT sla_versions_state CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'approved'::text, 'withdrawn'::text]))),
    CONSTRAINT sla_versions_two_people CHECK (((approved_by IS NULL) OR (approved_by <> ALL (authors))))
);
CREATE TABLE public.team_members (
    team_id uuid NOT NULL,
    person_id uuid NOT NULL
);
CREATE TABLE public.teams (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    lead_id uuid,
    email text DEFAULT ''::text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    source_key text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT teams_named CHECK (((name_zh <> ''::text) OR (name_en <> ''::text)))
);
CREATE TABLE public.trail_checks (
    id uuid NOT NULL,
    asked_by uuid NOT NULL,
    asked_name text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    size bigint DEFAULT 0 NOT NULL,
    waiting bigint DEFAULT 0 NOT NULL,
    findings jsonb DEFAULT '[]'::jsonb NOT NULL
);
CREATE TABLE public.trail_entries (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    actor_id uuid NOT NULL,
    actor_name text NOT NULL,
    behalf_id uuid,
    action text NOT NULL,
    kind text NOT NULL,
    record_id uuid NOT NULL,
    number text NOT NULL,
    version integer NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    diff text NOT NULL,
    session text NOT NULL,
    request_id text NOT NULL,
    ip text NOT NULL,
    user_agent text NOT NULL,
    app text NOT NULL,
    xid bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    CONSTRAINT trail_entries_outcome CHECK ((outcome = ANY (ARRAY['success'::text, 'denied'::text, 'failure'::text])))
);
ALTER TABLE public.trail_entries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.trail_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.trail_leaves (
    leaf bigint NOT NULL,
    entry_id bigint NOT NULL
);
CREATE TABLE public.trail_log (
    one boolean DEFAULT true NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    horizon bigint DEFAULT 0 NOT NULL,
    CONSTRAINT trail_log_one CHECK (one)
);
CREATE TABLE public.view_displays (
    person_id uuid NOT NULL,
    list text NOT NULL,
    layout text NOT NULL,
    columns text[] NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT view_displays_layout CHECK ((layout = ANY (ARRAY['split'::text, 'table'::text])))
);
CREATE TABLE public.views (
    id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    owner_id uuid NOT NULL,
    team_id uuid,
    alert_above integer,
    alerted boolean DEFAULT false NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT views_alert CHECK ((alert_above >= 0))
);
CREATE TABLE public.working_hours (
    person_id uuid NOT NULL,
    work_from integer NOT NULL,
    work_to integer NOT NULL,
    CONSTRAINT working_hours_in_order CHECK (((work_from >= 0) AND (work_from < work_to) AND (work_to <= 1440)))
);
ALTER TABLE ONLY public.river_job ALTER COLUMN id SET DEFAULT nextval('public.river_job_id_seq'::regclass);
ALTER TABLE ONLY public.river_notification ALTER COLUMN id SET DEFAULT nextval('public.river_notification_id_seq'::regclass);
ALTER TABLE ONLY public.absences
    ADD CONSTRAINT absences_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.approval_entries
    ADD CONSTRAINT approval_entries_pkey PRIMARY KEY (approval_id, seq);
ALTER TABLE ONLY public.approval_seats
    ADD CONSTRAINT approval_seats_person_key UNIQUE (approval_id, round, person_id);
ALTER TABLE ONLY public.approval_seats
    ADD CONSTRAINT approval_seats_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.batch_rows
    ADD CONSTRAINT batch_rows_pkey PRIMARY KEY (batch_id, n);
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.canned_texts
    ADD CONSTRAINT canned_texts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.catalog_categories
    ADD CONSTRAINT catalog_categories_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.catalog_favourites
    ADD CONSTRAINT catalog_favourites_pkey PRIMARY KEY (person_id, item_id);
ALTER TABLE ONLY public.catalog_items
    ADD CONSTRAINT catalog_items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.catalog_pictures
    ADD CONSTRAINT catalog_pictures_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.catalog_versions
    ADD CONSTRAINT catalog_versions_no_key UNIQUE (item_id, no);
ALTER TABLE ONLY public.catalog_versions
    ADD CONSTRAINT catalog_versions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.change_board
    ADD CONSTRAINT change_board_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.change_bookings
    ADD CONSTRAINT change_bookings_item_taken EXCLUDE USING gist (slot WITH &&, during WITH &&);
ALTER TABLE ONLY public.change_bookings
    ADD CONSTRAINT change_bookings_pkey PRIMARY KEY (change_id, item_id);
ALTER TABLE ONLY public.change_feeds
    ADD CONSTRAINT change_feeds_pkey PRIMARY KEY (person_id);
ALTER TABLE ONLY public.change_feeds
    ADD CONSTRAINT change_feeds_secret_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.change_freeze_exceptions
    ADD CONSTRAINT change_freeze_exceptions_pkey PRIMARY KEY (freeze_id, change_id);
ALTER TABLE ONLY public.change_freezes
    ADD CONSTRAINT change_freezes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.change_maintenance_exceptions
    ADD CONSTRAINT change_maintenance_exceptions_pkey PRIMARY KEY (change_id, maintenance_id, from_at, to_at, about);
ALTER TABLE ONLY public.change_maintenance
    ADD CONSTRAINT change_maintenance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.change_meetings
    ADD CONSTRAINT change_meetings_number_key UNIQUE (number);
ALTER TABLE ONLY public.change_meetings
    ADD CONSTRAINT change_meetings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.change_templates
    ADD CONSTRAINT change_templates_number_key UNIQUE (family_id, number);
ALTER TABLE ONLY public.change_templates
    ADD CONSTRAINT change_templates_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_number_key UNIQUE (number);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_agent_tokens
    ADD CONSTRAINT ci_agent_tokens_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.ci_agent_tokens
    ADD CONSTRAINT ci_agent_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_attributes
    ADD CONSTRAINT ci_attributes_key_key UNIQUE (class_id, key);
ALTER TABLE ONLY public.ci_attributes
    ADD CONSTRAINT ci_attributes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_baseline_items
    ADD CONSTRAINT ci_baseline_items_pkey PRIMARY KEY (baseline_id, item_id);
ALTER TABLE ONLY public.ci_baselines
    ADD CONSTRAINT ci_baselines_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_campaign_items
    ADD CONSTRAINT ci_campaign_items_key UNIQUE (campaign_id, item_id);
ALTER TABLE ONLY public.ci_campaign_items
    ADD CONSTRAINT ci_campaign_items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_campaigns
    ADD CONSTRAINT ci_campaigns_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_classes
    ADD CONSTRAINT ci_classes_key_key UNIQUE (key);
ALTER TABLE ONLY public.ci_classes
    ADD CONSTRAINT ci_classes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_drifts
    ADD CONSTRAINT ci_drifts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_identifiers
    ADD CONSTRAINT ci_identifiers_pkey PRIMARY KEY (item_id, key, value);
ALTER TABLE ONLY public.ci_import_rows
    ADD CONSTRAINT ci_import_rows_pkey PRIMARY KEY (import_id, n);
ALTER TABLE ONLY public.ci_imports
    ADD CONSTRAINT ci_imports_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_item_keys
    ADD CONSTRAINT ci_item_keys_pkey PRIMARY KEY (source, source_key);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_number_key UNIQUE (number);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_relation_types
    ADD CONSTRAINT ci_relation_types_key_key UNIQUE (key);
ALTER TABLE ONLY public.ci_relation_types
    ADD CONSTRAINT ci_relation_types_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_relations
    ADD CONSTRAINT ci_relations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_reviews
    ADD CONSTRAINT ci_reviews_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ci_unique_values
    ADD CONSTRAINT ci_unique_values_pkey PRIMARY KEY (attribute_id, value);
ALTER TABLE ONLY public.ci_versions
    ADD CONSTRAINT ci_versions_pkey PRIMARY KEY (item_id, version);
ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.control_findings
    ADD CONSTRAINT control_findings_pkey PRIMARY KEY (run_id, n);
ALTER TABLE ONLY public.control_runs
    ADD CONSTRAINT control_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (person_id);
ALTER TABLE ONLY public.departments
    ADD CONSTRAINT departments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.deputies
    ADD CONSTRAINT deputies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.drafts
    ADD CONSTRAINT drafts_pkey PRIMARY KEY (person_id, key);
ALTER TABLE ONLY public.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, key);
ALTER TABLE ONLY public.incident_affected
    ADD CONSTRAINT incident_affected_pkey PRIMARY KEY (incident_id, person_id);
ALTER TABLE ONLY public.incident_announcements
    ADD CONSTRAINT incident_announcements_incident_key UNIQUE (incident_id);
ALTER TABLE ONLY public.incident_announcements
    ADD CONSTRAINT incident_announcements_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_cascade_items
    ADD CONSTRAINT incident_cascade_items_pkey PRIMARY KEY (cascade_id, incident_id);
ALTER TABLE ONLY public.incident_cascades
    ADD CONSTRAINT incident_cascades_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_categories
    ADD CONSTRAINT incident_categories_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_chronicle
    ADD CONSTRAINT incident_chronicle_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_macros
    ADD CONSTRAINT incident_macros_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_major_actions
    ADD CONSTRAINT incident_major_actions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_major_reviews
    ADD CONSTRAINT incident_major_reviews_pkey PRIMARY KEY (incident_id);
ALTER TABLE ONLY public.incident_majors
    ADD CONSTRAINT incident_majors_pkey PRIMARY KEY (incident_id);
ALTER TABLE ONLY public.incident_merges
    ADD CONSTRAINT incident_merges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_priorities
    ADD CONSTRAINT incident_priorities_pkey PRIMARY KEY (impact, urgency);
ALTER TABLE ONLY public.incident_tasks
    ADD CONSTRAINT incident_tasks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident_unassigned_alarms
    ADD CONSTRAINT incident_unassigned_alarms_pkey PRIMARY KEY (incident_id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_number_key UNIQUE (number);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.inspection_incidents
    ADD CONSTRAINT inspection_incidents_pkey PRIMARY KEY (inspection_id, item_id, point);
ALTER TABLE ONLY public.inspection_items
    ADD CONSTRAINT inspection_items_pkey PRIMARY KEY (inspection_id, item_id);
ALTER TABLE ONLY public.inspection_plans
    ADD CONSTRAINT inspection_plans_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.inspection_readings
    ADD CONSTRAINT inspection_readings_pkey PRIMARY KEY (inspection_id, item_id, point);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_number_key UNIQUE (number);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notification_habits
    ADD CONSTRAINT notification_habits_pkey PRIMARY KEY (person_id);
ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_once UNIQUE (event_id, person_id);
ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_dedupe_key UNIQUE (dedupe);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.record_links
    ADD CONSTRAINT record_links_pkey PRIMARY KEY (from_id, relation, to_id);
ALTER TABLE ONLY public.record_named
    ADD CONSTRAINT record_named_pkey PRIMARY KEY (record_id, person_id);
ALTER TABLE ONLY public.record_participants
    ADD CONSTRAINT record_participants_pkey PRIMARY KEY (record_id, person_id, role, source_id);
ALTER TABLE ONLY public.record_waits
    ADD CONSTRAINT record_waits_once UNIQUE (source_id, person_id);
ALTER TABLE ONLY public.record_waits
    ADD CONSTRAINT record_waits_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.record_watchers
    ADD CONSTRAINT record_watchers_pkey PRIMARY KEY (record_id, person_id);
ALTER TABLE ONLY public.records
    ADD CONSTRAINT records_number_key UNIQUE (number);
ALTER TABLE ONLY public.records
    ADD CONSTRAINT records_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_job
    ADD CONSTRAINT river_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_leader
    ADD CONSTRAINT river_leader_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.river_migration
    ADD CONSTRAINT river_migration_pkey1 PRIMARY KEY (line, version);
ALTER TABLE ONLY public.river_notification
    ADD CONSTRAINT river_notification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.river_queue
    ADD CONSTRAINT river_queue_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.role_grants
    ADD CONSTRAINT role_grants_pkey PRIMARY KEY (person_id, role);
ALTER TABLE ONLY public.routing_applications
    ADD CONSTRAINT routing_applications_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.routing_served
    ADD CONSTRAINT routing_served_pkey PRIMARY KEY (team_id, person_id);
ALTER TABLE ONLY public.routing_sets
    ADD CONSTRAINT routing_sets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.routing_trials
    ADD CONSTRAINT routing_trials_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.routing_turns
    ADD CONSTRAINT routing_turns_pkey PRIMARY KEY (team_id);
ALTER TABLE ONLY public.search_docs
    ADD CONSTRAINT search_docs_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.service_request_tasks
    ADD CONSTRAINT service_request_tasks_key UNIQUE (request_id, key);
ALTER TABLE ONLY public.service_request_tasks
    ADD CONSTRAINT service_request_tasks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_number_key UNIQUE (number);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.sla_agreements
    ADD CONSTRAINT sla_agreements_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sla_breaches
    ADD CONSTRAINT sla_breaches_pkey PRIMARY KEY (record_id, metric, stint);
ALTER TABLE ONLY public.sla_calendars
    ADD CONSTRAINT sla_calendars_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sla_clocks
    ADD CONSTRAINT sla_clocks_pkey PRIMARY KEY (record_id, metric);
ALTER TABLE ONLY public.sla_events
    ADD CONSTRAINT sla_events_pkey PRIMARY KEY (record_id, n);
ALTER TABLE ONLY public.sla_fired
    ADD CONSTRAINT sla_fired_pkey PRIMARY KEY (record_id, metric, stint, mark, goal_us);
ALTER TABLE ONLY public.sla_nudges
    ADD CONSTRAINT sla_nudges_pkey PRIMARY KEY (record_id, at);
ALTER TABLE ONLY public.sla_revision
    ADD CONSTRAINT sla_revision_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY public.sla_versions
    ADD CONSTRAINT sla_versions_number_key UNIQUE (agreement_id, number);
ALTER TABLE ONLY public.sla_versions
    ADD CONSTRAINT sla_versions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_pkey PRIMARY KEY (team_id, person_id);
ALTER TABLE ONLY public.teams
    ADD CONSTRAINT teams_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.trail_checks
    ADD CONSTRAINT trail_checks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.trail_entries
    ADD CONSTRAINT trail_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.trail_leaves
    ADD CONSTRAINT trail_leaves_entry_key UNIQUE (entry_id);
ALTER TABLE ONLY public.trail_leaves
    ADD CONSTRAINT trail_leaves_pkey PRIMARY KEY (leaf);
ALTER TABLE ONLY public.trail_log
    ADD CONSTRAINT trail_log_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.view_displays
    ADD CONSTRAINT view_displays_pkey PRIMARY KEY (person_id, list);
ALTER TABLE ONLY public.views
    ADD CONSTRAINT views_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.working_hours
    ADD CONSTRAINT working_hours_pkey PRIMARY KEY (person_id);
CREATE INDEX absences_person_idx ON public.absences USING btree (person_id, until_at) WHERE (NOT ended);
CREATE INDEX absences_until_idx ON public.absences USING btree (until_at) WHERE (NOT ended);
CREATE INDEX api_tokens_person_idx ON public.api_tokens USING btree (person_id, created_at DESC);
CREATE INDEX approval_entries_actor_idx ON public.approval_entries USING btree (actor_id, at DESC, seat_id DESC) WHERE (kind = ANY (ARRAY['approve'::text, 'reject'::text, 'recuse'::text]));
CREATE INDEX approval_seats_person_idx ON public.approval_seats USING btree (person_id, approval_id);
CREATE UNIQUE INDEX approval_votes_member_key ON public.approval_entries USING btree (approval_id, round, member_id) WHERE (kind = ANY (ARRAY['approve'::text, 'reject'::text, 'recuse'::text]));
CREATE UNIQUE INDEX approval_votes_voter_key ON public.approval_entries USING btree (approval_id, round, actor_id) WHERE (kind = ANY (ARRAY['approve'::text, 'reject'::text]));
CREATE INDEX approvals_look_idx ON public.approvals USING btree (look_at) WHERE (status = 'open'::text);
CREATE UNIQUE INDEX approvals_one_open ON public.approvals USING btree (record_id) WHERE (status = ANY (ARRAY['open'::text, 'held'::text]));
CREATE INDEX approvals_opened_by_idx ON public.approvals USING btree (opened_by, opened_at DESC, id DESC);
CREATE INDEX approvals_previous_idx ON public.approvals USING btree (previous_id) WHERE (previous_id IS NOT NULL);
CREATE INDEX approvals_record_idx ON public.approvals USING btree (record_id, opened_at DESC, id DESC);
CREATE INDEX attachments_content_idx ON public.attachments USING btree (sha256);
CREATE INDEX attachments_loose_idx ON public.attachments USING btree (created_at) WHERE (record_id IS NULL);
CREATE INDEX attachments_record_idx ON public.attachments USING btree (record_id, created_at, id) WHERE (record_id IS NOT NULL);
CREATE INDEX batch_rows_refused_idx ON public.batch_rows USING btree (batch_id, n) WHERE (code <> ''::text);
CREATE INDEX batches_drafts_idx ON public.batches USING btree (created_at) WHERE (state = 'draft'::text);
CREATE INDEX batches_owner_idx ON public.batches USING btree (owner_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX batches_undoes_key ON public.batches USING btree (undoes);
CREATE UNIQUE INDEX canned_texts_name_key ON public.canned_texts USING btree (owner_id, COALESCE(team_id, '00000000-0000-0000-0000-000000000000'::uuid), lower(name)) WHERE (NOT deleted);
CREATE INDEX canned_texts_team_idx ON public.canned_texts USING btree (team_id) WHERE (NOT deleted);
CREATE INDEX catalog_items_category_idx ON public.catalog_items USING btree (category_id);
CREATE INDEX catalog_items_review_idx ON public.catalog_items USING btree (review_at) WHERE ((state = 'approved'::text) AND (reminded_at IS NULL));
CREATE INDEX catalog_versions_terms_idx ON public.catalog_versions USING gin (terms);
CREATE INDEX change_freezes_time_idx ON public.change_freezes USING btree (to_at, from_at) WHERE (NOT lifted);
CREATE INDEX change_maintenance_name_idx ON public.change_maintenance USING btree (name_zh, id) WHERE (NOT ended);
CREATE INDEX change_meetings_begins_idx ON public.change_meetings USING btree (begins_at DESC, id DESC);
CREATE INDEX change_meetings_remind_idx ON public.change_meetings USING btree (begins_at) WHERE ((state = 'planned'::text) AND (reminded_at IS NULL));
CREATE UNIQUE INDEX change_templates_draft_key ON public.change_templates USING btree (family_id) WHERE (state = ANY (ARRAY['draft'::text, 'submitted'::text]));
CREATE UNIQUE INDEX change_templates_in_force_key ON public.change_templates USING btree (family_id) WHERE (state = 'approved'::text);
CREATE INDEX changes_items_idx ON public.changes USING gin (items);
CREATE INDEX changes_template_idx ON public.changes USING btree (template_id, created_at) WHERE (template_id IS NOT NULL);
CREATE INDEX changes_window_idx ON public.changes USING btree (window_from) WHERE (window_from IS NOT NULL);
CREATE UNIQUE INDEX ci_baselines_batch_key ON public.ci_baselines USING btree (batch_id);
CREATE INDEX ci_baselines_created_idx ON public.ci_baselines USING btree (created_at DESC, id DESC);
CREATE INDEX ci_campaign_items_asked_idx ON public.ci_campaign_items USING btree (asked_id, campaign_id, number);
CREATE INDEX ci_campaign_items_item_idx ON public.ci_campaign_items USING btree (item_id);
CREATE INDEX ci_campaign_items_number_idx ON public.ci_campaign_items USING btree (campaign_id, number);
CREATE INDEX ci_campaign_items_state_idx ON public.ci_campaign_items USING btree (campaign_id, state, number);
CREATE INDEX ci_campaigns_created_idx ON public.ci_campaigns USING btree (created_at DESC, id DESC);
CREATE INDEX ci_campaigns_due_idx ON public.ci_campaigns USING btree (due_at) WHERE (state = 'open'::text);
CREATE INDEX ci_classes_parent_idx ON public.ci_classes USING btree (parent_id);
CREATE INDEX ci_drifts_item_idx ON public.ci_drifts USING btree (item_id, at DESC);
CREATE INDEX ci_drifts_open_idx ON public.ci_drifts USING btree (at DESC, id DESC) WHERE (state = 'open'::text);
CREATE INDEX ci_identifiers_value_idx ON public.ci_identifiers USING btree (value, key);
CREATE INDEX ci_import_rows_action_idx ON public.ci_import_rows USING btree (import_id, action, n);
CREATE INDEX ci_import_rows_step_idx ON public.ci_import_rows USING btree (import_id, step) WHERE (step IS NOT NULL);
CREATE INDEX ci_imports_batch_idx ON public.ci_imports USING btree (batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX ci_imports_created_idx ON public.ci_imports USING btree (created_at DESC, id DESC);
CREATE INDEX ci_item_keys_item_idx ON public.ci_item_keys USING btree (item_id);
CREATE INDEX ci_item_keys_seen_idx ON public.ci_item_keys USING btree (source, seen_at);
CREATE INDEX ci_items_class_name_idx ON public.ci_items USING btree (class_id, lower(name), id);
CREATE INDEX ci_items_class_updated_idx ON public.ci_items USING btree (class_id, updated_at DESC, id DESC);
CREATE INDEX ci_items_criticality_idx ON public.ci_items USING btree (criticality, updated_at DESC, id DESC);
CREATE INDEX ci_items_custodian_idx ON public.ci_items USING btree (custodian_id, updated_at DESC, id DESC) WHERE (custodian_id IS NOT NULL);
CREATE INDEX ci_items_department_idx ON public.ci_items USING btree (department_id, updated_at DESC, id DESC) WHERE (department_id IS NOT NULL);
CREATE INDEX ci_items_lifecycle_idx ON public.ci_items USING btree (lifecycle, updated_at DESC, id DESC);
CREATE INDEX ci_items_location_idx ON public.ci_items USING btree (lower(location) text_pattern_ops) WHERE (location <> ''::text);
CREATE INDEX ci_items_name_idx ON public.ci_items USING btree (lower(name), id);
CREATE INDEX ci_items_owner_idx ON public.ci_items USING btree (owner_id, updated_at DESC, id DESC) WHERE (owner_id IS NOT NULL);
CREATE INDEX ci_items_reminder_idx ON public.ci_items USING btree (LEAST(warranty_until, contract_until)) WHERE (lifecycle <> ALL (ARRAY['retired'::text, 'disposed'::text]));
CREATE INDEX ci_items_service_idx ON public.ci_items USING btree (service_id, updated_at DESC, id DESC) WHERE (service_id IS NOT NULL);
CREATE UNIQUE INDEX ci_items_source_key ON public.ci_items USING btree (source, source_key) WHERE (source_key <> ''::text);
CREATE INDEX ci_items_stale_idx ON public.ci_items USING btree (updated_at DESC, id DESC) WHERE (stale_at IS NOT NULL);
CREATE INDEX ci_items_updated_idx ON public.ci_items USING btree (updated_at DESC, id DESC);
CREATE INDEX ci_parts_history_idx ON public.ci_parts USING btree (item_id, since DESC);
CREATE UNIQUE INDEX ci_parts_now_key ON public.ci_parts USING btree (item_id, kind, key) WHERE (ended_at IS NULL);
CREATE INDEX ci_relations_from_ended_idx ON public.ci_relations USING btree (from_id, ended_at DESC, id DESC) WHERE (ended_at IS NOT NULL);
CREATE INDEX ci_relations_from_history_idx ON public.ci_relations USING btree (from_id, created_at DESC);
CREATE INDEX ci_relations_from_idx ON public.ci_relations USING btree (from_id, type_id) INCLUDE (to_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX ci_relations_once ON public.ci_relations USING btree (type_id, from_id, to_id) WHERE (ended_at IS NULL);
CREATE INDEX ci_relations_to_ended_idx ON public.ci_relations USING btree (to_id, ended_at DESC, id DESC) WHERE (ended_at IS NOT NULL);
CREATE INDEX ci_relations_to_history_idx ON public.ci_relations USING btree (to_id, created_at DESC);
CREATE INDEX ci_relations_to_idx ON public.ci_relations USING btree (to_id, type_id) INCLUDE (from_id) WHERE (ended_at IS NULL);
CREATE INDEX ci_reviews_open_idx ON public.ci_reviews USING btree (created_at, id) WHERE (decided = ''::text);
CREATE UNIQUE INDEX ci_reviews_open_key ON public.ci_reviews USING btree (source, source_key) WHERE (decided = ''::text);
CREATE INDEX ci_unique_values_item_idx ON public.ci_unique_values USING btree (item_id);
CREATE INDEX ci_versions_at_idx ON public.ci_versions USING btree (item_id, at DESC, version DESC);
CREATE INDEX comments_record_idx ON public.comments USING btree (record_id, at DESC, id DESC);
CREATE INDEX control_runs_control_idx ON public.control_runs USING btree (control, ran_at DESC, id DESC);
CREATE INDEX departments_manager_idx ON public.departments USING btree (manager_id);
CREATE INDEX departments_parent_idx ON public.departments USING btree (parent_id);
CREATE INDEX deputies_deputy_idx ON public.deputies USING btree (deputy_id, ends_at);
CREATE INDEX deputies_due_idx ON public.deputies USING btree (begins_at) WHERE (NOT ended);
CREATE INDEX deputies_person_idx ON public.deputies USING btree (person_id, begins_at DESC, id DESC);
CREATE INDEX drafts_key_idx ON public.drafts USING btree (key text_pattern_ops, updated_at);
CREATE INDEX drafts_updated_idx ON public.drafts USING btree (updated_at);
CREATE INDEX idempotency_keys_created_idx ON public.idempotency_keys USING btree (created_at);
CREATE INDEX incident_affected_at_idx ON public.incident_affected USING btree (at, incident_id);
CREATE INDEX incident_affected_person_idx ON public.incident_affected USING btree (person_id);
CREATE INDEX incident_announcements_open_idx ON public.incident_announcements USING btree (published_at DESC, id) WHERE (withdrawn_at IS NULL);
CREATE INDEX incident_cascades_incident_idx ON public.incident_cascades USING btree (incident_id, created_at DESC, id DESC);
CREATE INDEX incident_categories_parent_idx ON public.incident_categories USING btree (parent_id);
CREATE UNIQUE INDEX incident_categories_source_key ON public.incident_categories USING btree (source, source_key) WHERE (source <> ''::text);
CREATE INDEX incident_chronicle_incident_idx ON public.incident_chronicle USING btree (incident_id, at DESC, id DESC);
CREATE UNIQUE INDEX incident_macros_name_key ON public.incident_macros USING btree (owner_id, COALESCE(team_id, '00000000-0000-0000-0000-000000000000'::uuid), lower(name)) WHERE (NOT deleted);
CREATE INDEX incident_macros_team_idx ON public.incident_macros USING btree (team_id) WHERE (NOT deleted);
CREATE INDEX incident_major_actions_incident_idx ON public.incident_major_actions USING btree (incident_id, due_on, id);
CREATE INDEX incident_majors_began_idx ON public.incident_majors USING btree (began_at DESC, incident_id DESC);
CREATE INDEX incident_majors_notice_idx ON public.incident_majors USING btree (notice_due_at) WHERE ((notice_at IS NULL) AND (notice_due_at IS NOT NULL));
CREATE INDEX incident_majors_open_idx ON public.incident_majors USING btree (began_at DESC, incident_id DESC) WHERE ((declared_at IS NOT NULL) AND (ended_at IS NULL));
CREATE INDEX incident_majors_review_idx ON public.incident_majors USING btree (review_due_at) WHERE ((review_signed_at IS NULL) AND (review_due_at IS NOT NULL));
CREATE INDEX incident_majors_update_idx ON public.incident_majors USING btree (next_update_at) WHERE ((declared_at IS NOT NULL) AND (ended_at IS NULL));
CREATE UNIQUE INDEX incident_merges_source_key ON public.incident_merges USING btree (source_id) WHERE (undone_at IS NULL);
CREATE INDEX incident_merges_target_idx ON public.incident_merges USING btree (target_id, merged_at, id);
CREATE INDEX incident_tasks_holder_idx ON public.incident_tasks USING btree (assignee_id, incident_id) WHERE (done_at IS NULL);
CREATE INDEX incident_tasks_incident_idx ON public.incident_tasks USING btree (incident_id, "position", id);
CREATE INDEX incidents_attached_idx ON public.incidents USING btree (attached_at) WHERE (parent_id IS NOT NULL);
CREATE INDEX incidents_auto_close_idx ON public.incidents USING btree (auto_close_at) WHERE ((state = 'resolved'::text) AND (auto_close_at IS NOT NULL));
CREATE INDEX incidents_category_idx ON public.incidents USING btree (category_id, created_at DESC, id DESC);
CREATE INDEX incidents_major_idx ON public.incidents USING btree (major, id) WHERE (major <> ''::text);
CREATE INDEX incidents_parent_idx ON public.incidents USING btree (parent_id, number) WHERE (parent_id IS NOT NULL);
CREATE UNIQUE INDEX incidents_source_key ON public.incidents USING btree (source, source_key) WHERE (source <> ''::text);
CREATE INDEX inspection_items_item_idx ON public.inspection_items USING btree (item_id, scheduled_at DESC, inspection_id DESC);
CREATE INDEX inspection_plans_list_idx ON public.inspection_plans USING btree (updated_at DESC, id DESC);
CREATE INDEX inspection_plans_look_idx ON public.inspection_plans USING btree (look_at) WHERE (state = 'active'::text);
CREATE INDEX inspection_readings_course_idx ON public.inspection_readings USING btree (item_id, at DESC);
CREATE UNIQUE INDEX inspections_occurrence_key ON public.inspections USING btree (plan_id, scheduled_at) WHERE (NOT superseded);
CREATE INDEX inspections_open_plan_idx ON public.inspections USING btree (plan_id, due_at) WHERE (state = ANY (ARRAY['planned'::text, 'in_progress'::text]));
CREATE INDEX inspections_plan_idx ON public.inspections USING btree (plan_id, scheduled_at DESC, id DESC);
CREATE INDEX inspections_waiting_idx ON public.inspections USING btree (due_at) WHERE (state = ANY (ARRAY['planned'::text, 'in_progress'::text]));
CREATE INDEX notes_record_idx ON public.notes USING btree (record_id, at DESC, id DESC);
CREATE INDEX notifications_done_idx ON public.notifications USING btree (person_id, done_at DESC, id DESC) WHERE (done_at IS NOT NULL);
CREATE INDEX notifications_inbox_idx ON public.notifications USING btree (person_id, shown_at DESC, id DESC) WHERE (done_at IS NULL);
CREATE INDEX notifications_unread_idx ON public.notifications USING btree (person_id, record_id) WHERE (read_at IS NULL);
CREATE INDEX one_time_links_person_idx ON public.one_time_links USING btree (person_id);
CREATE INDEX outbox_created_idx ON public.outbox USING btree (created_at DESC, id DESC);
CREATE INDEX outbox_due_idx ON public.outbox USING btree (state, due_at) WHERE (state = ANY (ARRAY['waiting'::text, 'digest'::text]));
CREATE INDEX outbox_state_idx ON public.outbox USING btree (state, created_at DESC, id DESC);
CREATE INDEX people_department_idx ON public.people USING btree (department_id, id);
CREATE UNIQUE INDEX people_email_key ON public.people USING btree (lower(email)) WHERE (email <> ''::text);
CREATE INDEX people_name_en_idx ON public.people USING btree (lower(name_en));
CREATE INDEX people_name_idx ON public.people USING btree (name, id);
CREATE INDEX people_pinyin_idx ON public.people USING btree (pinyin text_pattern_ops);
CREATE UNIQUE INDEX people_source_key ON public.people USING btree (source, source_key) WHERE (source <> ''::text);
CREATE UNIQUE INDEX people_username_key ON public.people USING btree (lower(username));
CREATE INDEX record_links_to_idx ON public.record_links USING btree (to_id, relation);
CREATE INDEX record_named_person_idx ON public.record_named USING btree (person_id, record_id);
CREATE INDEX record_participants_person_idx ON public.record_participants USING btree (person_id, record_id);
CREATE INDEX record_waits_asked_idx ON public.record_waits USING btree (person_id, since, id) WHERE (what = 'approval.asked'::text);
CREATE INDEX record_waits_person_idx ON public.record_waits USING btree (person_id, shown_at DESC, id DESC);
CREATE INDEX record_waits_record_idx ON public.record_waits USING btree (record_id);
CREATE INDEX record_watchers_person_idx ON public.record_watchers USING btree (person_id, record_id);
CREATE INDEX records_assignee_idx ON public.records USING btree (assignee_id, updated_at DESC, id DESC) WHERE (assignee_id IS NOT NULL);
CREATE INDEX records_confidential_idx ON public.records USING btree (kind, id) WHERE confidential;
CREATE INDEX records_created_by_idx ON public.records USING btree (created_by) WHERE (created_by IS DISTINCT FROM requester_id);
CREATE INDEX records_department_idx ON public.records USING btree (department_id, updated_at DESC, id DESC) WHERE (department_id IS NOT NULL);
CREATE INDEX records_kind_created_idx ON public.records USING btree (kind, created_at DESC, id DESC);
CREATE INDEX records_kind_updated_idx ON public.records USING btree (kind, updated_at DESC, id DESC);
CREATE INDEX records_open_assignee_idx ON public.records USING btree (assignee_id) WHERE ((assignee_id IS NOT NULL) AND (category = ANY (ARRAY['new'::text, 'active'::text, 'pending'::text])));
CREATE INDEX records_open_created_idx ON public.records USING btree (kind, created_at DESC, id DESC) WHERE (category = ANY (ARRAY['new'::text, 'active'::text, 'pending'::text]));
CREATE INDEX records_open_due_idx ON public.records USING btree (kind, COALESCE(due_at, 'infinity'::timestamp with time zone), id) WHERE (category = ANY (ARRAY['new'::text, 'active'::text, 'pending'::text]));
CREATE INDEX records_open_priority_idx ON public.records USING btree (kind, priority, created_at, id) WHERE (category = ANY (ARRAY['new'::text, 'active'::text, 'pending'::text]));
CREATE INDEX records_open_unassigned_idx ON public.records USING btree (kind, created_at, id) WHERE ((assignee_id IS NULL) AND (category = ANY (ARRAY['new'::text, 'active'::text, 'pending'::text])));
CREATE INDEX records_open_updated_idx ON public.records USING btree (kind, updated_at DESC, id DESC) WHERE (category = ANY (ARRAY['new'::text, 'active'::text, 'pending'::text]));
CREATE INDEX records_requester_idx ON public.records USING btree (requester_id, updated_at DESC, id DESC);
CREATE INDEX records_service_idx ON public.records USING btree (service_id, updated_at DESC, id DESC) WHERE (service_id IS NOT NULL);
CREATE INDEX records_state_updated_idx ON public.records USING btree (kind, state, updated_at DESC, id DESC);
CREATE INDEX records_team_idx ON public.records USING btree (team_id, updated_at DESC, id DESC) WHERE (team_id IS NOT NULL);
CREATE INDEX river_job_kind ON public.river_job USING btree (kind);
CREATE INDEX river_job_prioritized_fetching_index ON public.river_job USING btree (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_state_and_finalized_at_index ON public.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);
CREATE UNIQUE INDEX river_job_unique_idx ON public.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND public.river_job_state_in_bitmask(unique_states, state));
CREATE INDEX river_notification_created_at_idx ON public.river_notification USING btree (created_at);
CREATE INDEX river_notification_topic_id_idx ON public.river_notification USING btree (topic, id);
CREATE INDEX role_grants_role_idx ON public.role_grants USING btree (role, person_id);
CREATE INDEX routing_applications_record_idx ON public.routing_applications USING btree (record_id, at);
CREATE INDEX routing_applications_rule_idx ON public.routing_applications USING btree (rule_id, at);
CREATE UNIQUE INDEX routing_sets_number_key ON public.routing_sets USING btree (number) WHERE (number > 0);
CREATE UNIQUE INDEX routing_sets_one_draft_key ON public.routing_sets USING btree (state) WHERE (state = 'draft'::text);
CREATE UNIQUE INDEX routing_sets_one_in_force_key ON public.routing_sets USING btree (state) WHERE (state = 'published'::text);
CREATE INDEX routing_trials_at_idx ON public.routing_trials USING btree (at);
CREATE INDEX search_docs_notes_idx ON public.search_docs USING gin (notes, week);
CREATE INDEX search_docs_open_notes_idx ON public.search_docs USING gin (notes) WHERE open;
CREATE INDEX search_docs_open_terms_idx ON public.search_docs USING gin (terms) WHERE open;
CREATE INDEX search_docs_terms_idx ON public.search_docs USING gin (terms, week);
CREATE INDEX service_request_tasks_assignee_idx ON public.service_request_tasks USING btree (assignee_id, ready_at, id) WHERE (state = 'ready'::text);
CREATE INDEX service_request_tasks_holder_idx ON public.service_request_tasks USING btree (assignee_id, request_id) WHERE (state = ANY (ARRAY['waiting'::text, 'ready'::text]));
CREATE INDEX service_request_tasks_made_idx ON public.service_request_tasks USING btree (made_id) WHERE (made_id IS NOT NULL);
CREATE INDEX service_request_tasks_team_idx ON public.service_request_tasks USING btree (team_id, ready_at, id) WHERE (state = 'ready'::text);
CREATE INDEX service_requests_auto_close_idx ON public.service_requests USING btree (auto_close_at) WHERE ((state = 'fulfilled'::text) AND (auto_close_at IS NOT NULL));
CREATE INDEX service_requests_confidential_idx ON public.service_requests USING btree (id) WHERE (confidential AND (state = ANY (ARRAY['submitted'::text, 'approving'::text, 'approved'::text, 'fulfilling'::text, 'pending'::text, 'fulfilled'::text])));
CREATE INDEX service_requests_item_idx ON public.service_requests USING btree (item_id);
CREATE INDEX service_requests_quota_idx ON public.service_requests USING btree (item_id, requester_id, submitted_at) WHERE (state <> ALL (ARRAY['draft'::text, 'rejected'::text, 'cancelled'::text]));
CREATE INDEX services_owner_idx ON public.services USING btree (owner_id);
CREATE UNIQUE INDEX services_source_key ON public.services USING btree (source, source_key) WHERE (source <> ''::text);
CREATE INDEX sessions_expires_idx ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_person_idx ON public.sessions USING btree (person_id, created_at DESC);
CREATE INDEX sign_in_failures_idx ON public.sign_in_failures USING btree (bucket, at);
CREATE UNIQUE INDEX sla_agreements_team_key ON public.sla_agreements USING btree (team_id) WHERE (team_id IS NOT NULL);
CREATE INDEX sla_breaches_list_idx ON public.sla_breaches USING btree (due_at DESC, record_id DESC, metric DESC, stint DESC);
CREATE UNIQUE INDEX sla_calendars_one_default ON public.sla_calendars USING btree (is_default) WHERE is_default;
CREATE INDEX sla_clocks_next_idx ON public.sla_clocks USING btree (next_at, record_id) WHERE (next_at IS NOT NULL);
CREATE INDEX sla_clocks_open_idx ON public.sla_clocks USING btree (calendar_id, record_id) WHERE (state = ANY (ARRAY['running'::text, 'paused'::text]));
CREATE UNIQUE INDEX sla_versions_one_draft ON public.sla_versions USING btree (agreement_id) WHERE (state = ANY (ARRAY['draft'::text, 'submitted'::text]));
CREATE INDEX sla_versions_state_idx ON public.sla_versions USING btree (state, updated_at DESC, id DESC);
CREATE INDEX team_members_person_idx ON public.team_members USING btree (person_id);
CREATE UNIQUE INDEX teams_source_key ON public.teams USING btree (source, source_key) WHERE (source <> ''::text);
CREATE INDEX trail_checks_asked_idx ON public.trail_checks USING btree (asked_at DESC, id DESC);
CREATE INDEX trail_entries_action_idx ON public.trail_entries USING btree (action, id);
CREATE INDEX trail_entries_actor_idx ON public.trail_entries USING btree (actor_id, id);
CREATE INDEX trail_entries_record_idx ON public.trail_entries USING btree (record_id, id);
CREATE INDEX trail_entries_refused_idx ON public.trail_entries USING btree (id) WHERE (outcome <> 'success'::text);
CREATE INDEX trail_entries_xid_idx ON public.trail_entries USING brin (xid) WITH (pages_per_range='16');
CREATE INDEX views_alert_idx ON public.views USING btree (id) WHERE ((alert_above IS NOT NULL) AND (NOT deleted));
CREATE UNIQUE INDEX views_name_key ON public.views USING btree (owner_id, kind, COALESCE(team_id, '00000000-0000-0000-0000-000000000000'::uuid), lower(name)) WHERE (NOT deleted);
CREATE INDEX views_team_idx ON public.views USING btree (team_id) WHERE (NOT deleted);
CREATE STATISTICS public.ci_items_location_stats ON lower(location) FROM public.ci_items;
CREATE TRIGGER approval_entries_append_only BEFORE DELETE OR UPDATE ON public.approval_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER approval_entries_no_truncate BEFORE TRUNCATE ON public.approval_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER approval_seats_append_only BEFORE DELETE OR UPDATE ON public.approval_seats FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER catalog_versions_append_only BEFORE DELETE OR UPDATE ON public.catalog_versions FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER catalog_versions_no_truncate BEFORE TRUNCATE ON public.catalog_versions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER change_board_generation AFTER INSERT OR DELETE OR UPDATE ON public.change_board FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER change_maintenance_generation AFTER INSERT OR DELETE OR UPDATE ON public.change_maintenance FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER change_meetings_keep BEFORE DELETE OR UPDATE ON public.change_meetings FOR EACH ROW WHEN ((old.state = 'held'::text)) EXECUTE FUNCTION public.change_meetings_keep();
CREATE TRIGGER change_templates_keep BEFORE UPDATE ON public.change_templates FOR EACH ROW WHEN (((old.state = ANY (ARRAY['approved'::text, 'retired'::text])) AND (((((((((((((old.content IS DISTINCT FROM new.content) OR (old.reason IS DISTINCT FROM new.reason)) OR (old.effect IS DISTINCT FROM new.effect)) OR (old.steps IS DISTINCT FROM new.steps)) OR (old.test_plan IS DISTINCT FROM new.test_plan)) OR (old.rollback_trigger IS DISTINCT FROM new.rollback_trigger)) OR (old.back IS DISTINCT FROM new.back)) OR (old.rollback_minutes IS DISTINCT FROM new.rollback_minutes)) OR (old.rehearsal IS DISTINCT FROM new.rehearsal)) OR (old.critical_from IS DISTINCT FROM new.critical_from)) OR (old.authors IS DISTINCT FROM new.authors)) OR (old.approved_by IS DISTINCT FROM new.approved_by)) OR (new.state <> ALL (ARRAY['approved'::text, 'retired'::text]))))) EXECUTE FUNCTION public.change_templates_keep();
CREATE TRIGGER ci_baseline_items_append_only BEFORE DELETE OR UPDATE ON public.ci_baseline_items FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER ci_baseline_items_no_truncate BEFORE TRUNCATE ON public.ci_baseline_items FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER ci_baseline_items_open AFTER INSERT ON public.ci_baseline_items REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.ci_baseline_open();
CREATE TRIGGER ci_baselines_no_truncate BEFORE TRUNCATE ON public.ci_baselines FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER ci_baselines_sealed BEFORE DELETE OR UPDATE ON public.ci_baselines FOR EACH ROW EXECUTE FUNCTION public.ci_baseline_sealed();
CREATE TRIGGER ci_campaign_items_added AFTER INSERT ON public.ci_campaign_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.ci_campaign_items_keep();
CREATE TRIGGER ci_campaign_items_changed AFTER UPDATE ON public.ci_campaign_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.ci_campaign_items_keep();
CREATE TRIGGER ci_campaign_items_kept BEFORE DELETE ON public.ci_campaign_items FOR EACH ROW EXECUTE FUNCTION public.ci_campaigns_keep();
CREATE TRIGGER ci_campaign_items_no_truncate BEFORE TRUNCATE ON public.ci_campaign_items FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER ci_campaigns_keep BEFORE UPDATE ON public.ci_campaigns FOR EACH ROW WHEN ((old.state <> 'open'::text)) EXECUTE FUNCTION public.ci_campaigns_keep();
CREATE TRIGGER ci_campaigns_kept BEFORE DELETE ON public.ci_campaigns FOR EACH ROW EXECUTE FUNCTION public.ci_campaigns_keep();
CREATE TRIGGER ci_campaigns_no_truncate BEFORE TRUNCATE ON public.ci_campaigns FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER ci_relation_types_generation AFTER INSERT OR DELETE OR UPDATE ON public.ci_relation_types FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER ci_versions_append_only BEFORE DELETE OR UPDATE ON public.ci_versions FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER departments_generation AFTER INSERT OR DELETE OR UPDATE ON public.departments FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER incident_categories_generation AFTER INSERT OR DELETE OR UPDATE ON public.incident_categories FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER incident_macros_generation AFTER INSERT OR DELETE OR UPDATE ON public.incident_macros FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER incident_priorities_generation AFTER INSERT OR DELETE OR UPDATE ON public.incident_priorities FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER inspection_readings_keep BEFORE INSERT OR DELETE OR UPDATE ON public.inspection_readings FOR EACH ROW EXECUTE FUNCTION public.inspection_readings_keep();
CREATE TRIGGER inspections_keep BEFORE UPDATE ON public.inspections FOR EACH ROW WHEN (((old.state = ANY (ARRAY['done'::text, 'missed'::text, 'cancelled'::text])) AND ((((((((((((((old.state IS DISTINCT FROM new.state) OR (old.points IS DISTINCT FROM new.points)) OR (old.items IS DISTINCT FROM new.items)) OR (old.scheduled_at IS DISTINCT FROM new.scheduled_at)) OR (old.due_at IS DISTINCT FROM new.due_at)) OR (old.started_at IS DISTINCT FROM new.started_at)) OR (old.started_by IS DISTINCT FROM new.started_by)) OR (old.ended_at IS DISTINCT FROM new.ended_at)) OR (old.finished_by IS DISTINCT FROM new.finished_by)) OR (old.findings IS DISTINCT FROM new.findings)) OR (old.files IS DISTINCT FROM new.files)) OR (old.remark IS DISTINCT FROM new.remark)) OR (old.cancel_reason IS DISTINCT FROM new.cancel_reason)) OR (old.plan_id IS DISTINCT FROM new.plan_id)))) EXECUTE FUNCTION public.inspections_keep();
CREATE TRIGGER inspections_kept BEFORE DELETE ON public.inspections FOR EACH ROW WHEN ((old.state = ANY (ARRAY['done'::text, 'missed'::text, 'cancelled'::text]))) EXECUTE FUNCTION public.inspections_keep();
CREATE TRIGGER people_generation AFTER DELETE OR UPDATE OF username, name, name_en, email, phone, title, location, department_id, lang, time_zone, vip, active, mail ON public.people FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER records_closed_in_search AFTER INSERT ON public.records FOR EACH ROW WHEN ((NOT public.record_open(new.kind, new.category))) EXECUTE FUNCTION public.search_docs_follow();
CREATE TRIGGER records_open_in_search AFTER UPDATE OF category ON public.records FOR EACH ROW WHEN ((public.record_open(old.kind, old.category) <> public.record_open(new.kind, new.category))) EXECUTE FUNCTION public.search_docs_follow();
CREATE TRIGGER records_week_in_search AFTER UPDATE OF updated_at ON public.records FOR EACH ROW WHEN ((public.record_week(old.kind, old.updated_at) <> public.record_week(new.kind, new.updated_at))) EXECUTE FUNCTION public.search_docs_follow_week();
CREATE TRIGGER role_grants_generation AFTER INSERT OR DELETE OR UPDATE ON public.role_grants FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER routing_sets_keep BEFORE UPDATE ON public.routing_sets FOR EACH ROW WHEN (((old.state <> 'draft'::text) AND ((new.rules IS DISTINCT FROM old.rules) OR (new.number <> old.number) OR (new.note <> old.note) OR (new.state = 'draft'::text)))) EXECUTE FUNCTION public.keep_published_rules();
CREATE TRIGGER services_generation AFTER INSERT OR DELETE OR UPDATE ON public.services FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER settings_generation AFTER INSERT OR DELETE OR UPDATE ON public.settings FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER sla_breaches_stay BEFORE UPDATE ON public.sla_breaches FOR EACH ROW EXECUTE FUNCTION public.sla_breaches_stay();
CREATE TRIGGER team_members_generation AFTER INSERT OR DELETE OR UPDATE ON public.team_members FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER teams_generation AFTER INSERT OR DELETE OR UPDATE ON public.teams FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
CREATE TRIGGER trail_entries_append_only BEFORE DELETE OR UPDATE ON public.trail_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER trail_entries_no_truncate BEFORE TRUNCATE ON public.trail_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER trail_leaves_append_only BEFORE DELETE OR UPDATE ON public.trail_leaves FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER trail_leaves_no_truncate BEFORE TRUNCATE ON public.trail_leaves FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER views_generation AFTER INSERT OR DELETE OR UPDATE ON public.views FOR EACH STATEMENT EXECUTE FUNCTION public.generations_count();
ALTER TABLE ONLY public.absences
    ADD CONSTRAINT absences_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.absences
    ADD CONSTRAINT absences_substitute_fkey FOREIGN KEY (substitute_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.approval_entries
    ADD CONSTRAINT approval_entries_approval_fkey FOREIGN KEY (approval_id) REFERENCES public.approvals(id);
ALTER TABLE ONLY public.approval_seats
    ADD CONSTRAINT approval_seats_approval_fkey FOREIGN KEY (approval_id) REFERENCES public.approvals(id);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_previous_fkey FOREIGN KEY (previous_id) REFERENCES public.approvals(id);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id);
ALTER TABLE ONLY public.attachments
    ADD CONSTRAINT attachments_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.batch_rows
    ADD CONSTRAINT batch_rows_batch_fkey FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_undoes_fkey FOREIGN KEY (undoes) REFERENCES public.batches(id);
ALTER TABLE ONLY public.canned_texts
    ADD CONSTRAINT canned_texts_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.canned_texts
    ADD CONSTRAINT canned_texts_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.catalog_favourites
    ADD CONSTRAINT catalog_favourites_item_fkey FOREIGN KEY (item_id) REFERENCES public.catalog_items(id);
ALTER TABLE ONLY public.catalog_favourites
    ADD CONSTRAINT catalog_favourites_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.catalog_items
    ADD CONSTRAINT catalog_items_category_fkey FOREIGN KEY (category_id) REFERENCES public.catalog_categories(id);
ALTER TABLE ONLY public.catalog_items
    ADD CONSTRAINT catalog_items_current_fkey FOREIGN KEY (current_id) REFERENCES public.catalog_versions(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.catalog_items
    ADD CONSTRAINT catalog_items_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.catalog_versions
    ADD CONSTRAINT catalog_versions_item_fkey FOREIGN KEY (item_id) REFERENCES public.catalog_items(id);
ALTER TABLE ONLY public.change_bookings
    ADD CONSTRAINT change_bookings_change_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.change_feeds
    ADD CONSTRAINT change_feeds_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.change_freeze_exceptions
    ADD CONSTRAINT change_freeze_exceptions_by_fkey FOREIGN KEY (by_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.change_freeze_exceptions
    ADD CONSTRAINT change_freeze_exceptions_change_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.change_freeze_exceptions
    ADD CONSTRAINT change_freeze_exceptions_freeze_fkey FOREIGN KEY (freeze_id) REFERENCES public.change_freezes(id);
ALTER TABLE ONLY public.change_freezes
    ADD CONSTRAINT change_freezes_by_fkey FOREIGN KEY (created_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.change_freezes
    ADD CONSTRAINT change_freezes_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.change_maintenance
    ADD CONSTRAINT change_maintenance_by_fkey FOREIGN KEY (created_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.change_maintenance_exceptions
    ADD CONSTRAINT change_maintenance_exceptions_by_fkey FOREIGN KEY (by_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.change_maintenance_exceptions
    ADD CONSTRAINT change_maintenance_exceptions_change_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.change_maintenance_exceptions
    ADD CONSTRAINT change_maintenance_exceptions_of_fkey FOREIGN KEY (maintenance_id) REFERENCES public.change_maintenance(id);
ALTER TABLE ONLY public.change_meetings
    ADD CONSTRAINT change_meetings_chair_id_fkey FOREIGN KEY (chair_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.change_meetings
    ADD CONSTRAINT change_meetings_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.change_templates
    ADD CONSTRAINT change_templates_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_assessed_by_fkey FOREIGN KEY (assessed_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_department_fkey FOREIGN KEY (department_id) REFERENCES public.departments(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_glass_by_fkey FOREIGN KEY (glass_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_implementer_fkey FOREIGN KEY (implementer_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_requester_fkey FOREIGN KEY (requester_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_reviewed_by_fkey FOREIGN KEY (reviewed_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_started_by_fkey FOREIGN KEY (started_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_template_fkey FOREIGN KEY (template_id) REFERENCES public.change_templates(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_tested_by_fkey FOREIGN KEY (tested_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_verified_by_fkey FOREIGN KEY (verified_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_attributes
    ADD CONSTRAINT ci_attributes_class_fkey FOREIGN KEY (class_id) REFERENCES public.ci_classes(id);
ALTER TABLE ONLY public.ci_attributes
    ADD CONSTRAINT ci_attributes_ref_class_fkey FOREIGN KEY (ref_class_id) REFERENCES public.ci_classes(id);
ALTER TABLE ONLY public.ci_baseline_items
    ADD CONSTRAINT ci_baseline_items_baseline_fkey FOREIGN KEY (baseline_id) REFERENCES public.ci_baselines(id);
ALTER TABLE ONLY public.ci_baseline_items
    ADD CONSTRAINT ci_baseline_items_version_fkey FOREIGN KEY (item_id, version) REFERENCES public.ci_versions(item_id, version);
ALTER TABLE ONLY public.ci_campaign_items
    ADD CONSTRAINT ci_campaign_items_answered_by_fkey FOREIGN KEY (answered_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_campaign_items
    ADD CONSTRAINT ci_campaign_items_asked_fkey FOREIGN KEY (asked_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_campaign_items
    ADD CONSTRAINT ci_campaign_items_campaign_fkey FOREIGN KEY (campaign_id) REFERENCES public.ci_campaigns(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.ci_campaign_items
    ADD CONSTRAINT ci_campaign_items_item_fkey FOREIGN KEY (item_id) REFERENCES public.ci_items(id);
ALTER TABLE ONLY public.ci_campaign_items
    ADD CONSTRAINT ci_campaign_items_verified_by_fkey FOREIGN KEY (verified_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_campaigns
    ADD CONSTRAINT ci_campaigns_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_classes
    ADD CONSTRAINT ci_classes_parent_fkey FOREIGN KEY (parent_id) REFERENCES public.ci_classes(id);
ALTER TABLE ONLY public.ci_drifts
    ADD CONSTRAINT ci_drifts_item_fkey FOREIGN KEY (item_id) REFERENCES public.ci_items(id);
ALTER TABLE ONLY public.ci_identifiers
    ADD CONSTRAINT ci_identifiers_item_fkey FOREIGN KEY (item_id) REFERENCES public.ci_items(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ci_import_rows
    ADD CONSTRAINT ci_import_rows_import_fkey FOREIGN KEY (import_id) REFERENCES public.ci_imports(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ci_imports
    ADD CONSTRAINT ci_imports_class_fkey FOREIGN KEY (class_id) REFERENCES public.ci_classes(id);
ALTER TABLE ONLY public.ci_imports
    ADD CONSTRAINT ci_imports_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_item_keys
    ADD CONSTRAINT ci_item_keys_item_fkey FOREIGN KEY (item_id) REFERENCES public.ci_items(id);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_class_fkey FOREIGN KEY (class_id) REFERENCES public.ci_classes(id);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_custodian_fkey FOREIGN KEY (custodian_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_department_fkey FOREIGN KEY (department_id) REFERENCES public.departments(id);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.ci_items
    ADD CONSTRAINT ci_items_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.ci_parts
    ADD CONSTRAINT ci_parts_item_fkey FOREIGN KEY (item_id) REFERENCES public.ci_items(id);
ALTER TABLE ONLY public.ci_relation_types
    ADD CONSTRAINT ci_relation_types_from_fkey FOREIGN KEY (from_class_id) REFERENCES public.ci_classes(id);
ALTER TABLE ONLY public.ci_relation_types
    ADD CONSTRAINT ci_relation_types_to_fkey FOREIGN KEY (to_class_id) REFERENCES public.ci_classes(id);
ALTER TABLE ONLY public.ci_relations
    ADD CONSTRAINT ci_relations_from_fkey FOREIGN KEY (from_id) REFERENCES public.ci_items(id);
ALTER TABLE ONLY public.ci_relations
    ADD CONSTRAINT ci_relations_to_fkey FOREIGN KEY (to_id) REFERENCES public.ci_items(id);
ALTER TABLE ONLY public.ci_relations
    ADD CONSTRAINT ci_relations_type_fkey FOREIGN KEY (type_id) REFERENCES public.ci_relation_types(id);
ALTER TABLE ONLY public.ci_unique_values
    ADD CONSTRAINT ci_unique_values_attribute_fkey FOREIGN KEY (attribute_id) REFERENCES public.ci_attributes(id);
ALTER TABLE ONLY public.ci_unique_values
    ADD CONSTRAINT ci_unique_values_item_fkey FOREIGN KEY (item_id) REFERENCES public.ci_items(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.control_findings
    ADD CONSTRAINT control_findings_run_fkey FOREIGN KEY (run_id) REFERENCES public.control_runs(id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.departments
    ADD CONSTRAINT departments_parent_fkey FOREIGN KEY (parent_id) REFERENCES public.departments(id);
ALTER TABLE ONLY public.deputies
    ADD CONSTRAINT deputies_deputy_fkey FOREIGN KEY (deputy_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.deputies
    ADD CONSTRAINT deputies_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_affected
    ADD CONSTRAINT incident_affected_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_affected
    ADD CONSTRAINT incident_affected_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_announcements
    ADD CONSTRAINT incident_announcements_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_cascade_items
    ADD CONSTRAINT incident_cascade_items_cascade_fkey FOREIGN KEY (cascade_id) REFERENCES public.incident_cascades(id);
ALTER TABLE ONLY public.incident_cascade_items
    ADD CONSTRAINT incident_cascade_items_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_cascades
    ADD CONSTRAINT incident_cascades_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_categories
    ADD CONSTRAINT incident_categories_parent_fkey FOREIGN KEY (parent_id) REFERENCES public.incident_categories(id);
ALTER TABLE ONLY public.incident_categories
    ADD CONSTRAINT incident_categories_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.incident_chronicle
    ADD CONSTRAINT incident_chronicle_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_macros
    ADD CONSTRAINT incident_macros_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_macros
    ADD CONSTRAINT incident_macros_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.incident_major_actions
    ADD CONSTRAINT incident_major_actions_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_major_actions
    ADD CONSTRAINT incident_major_actions_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_major_reviews
    ADD CONSTRAINT incident_major_reviews_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_majors
    ADD CONSTRAINT incident_majors_communicator_fkey FOREIGN KEY (communicator_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_majors
    ADD CONSTRAINT incident_majors_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_majors
    ADD CONSTRAINT incident_majors_manager_fkey FOREIGN KEY (manager_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_majors
    ADD CONSTRAINT incident_majors_technical_fkey FOREIGN KEY (technical_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_merges
    ADD CONSTRAINT incident_merges_source_fkey FOREIGN KEY (source_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_merges
    ADD CONSTRAINT incident_merges_target_fkey FOREIGN KEY (target_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_tasks
    ADD CONSTRAINT incident_tasks_assignee_fkey FOREIGN KEY (assignee_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incident_tasks
    ADD CONSTRAINT incident_tasks_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incident_unassigned_alarms
    ADD CONSTRAINT incident_unassigned_alarms_incident_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_assignee_fkey FOREIGN KEY (assignee_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_category_fkey FOREIGN KEY (category_id) REFERENCES public.incident_categories(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_department_fkey FOREIGN KEY (department_id) REFERENCES public.departments(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_parent_fkey FOREIGN KEY (parent_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_requester_fkey FOREIGN KEY (requester_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.inspection_incidents
    ADD CONSTRAINT inspection_incidents_inspection_fkey FOREIGN KEY (inspection_id) REFERENCES public.inspections(id);
ALTER TABLE ONLY public.inspection_items
    ADD CONSTRAINT inspection_items_inspection_fkey FOREIGN KEY (inspection_id) REFERENCES public.inspections(id);
ALTER TABLE ONLY public.inspection_plans
    ADD CONSTRAINT inspection_plans_calendar_fkey FOREIGN KEY (calendar_id) REFERENCES public.sla_calendars(id);
ALTER TABLE ONLY public.inspection_plans
    ADD CONSTRAINT inspection_plans_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.inspection_plans
    ADD CONSTRAINT inspection_plans_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.inspection_plans
    ADD CONSTRAINT inspection_plans_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.inspection_plans
    ADD CONSTRAINT inspection_plans_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.inspection_readings
    ADD CONSTRAINT inspection_readings_by_fkey FOREIGN KEY (by_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.inspection_readings
    ADD CONSTRAINT inspection_readings_inspection_fkey FOREIGN KEY (inspection_id) REFERENCES public.inspections(id);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_finished_by_fkey FOREIGN KEY (finished_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_plan_fkey FOREIGN KEY (plan_id) REFERENCES public.inspection_plans(id);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_requester_fkey FOREIGN KEY (requester_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_started_by_fkey FOREIGN KEY (started_by) REFERENCES public.people(id);
ALTER TABLE ONLY public.inspections
    ADD CONSTRAINT inspections_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.notes
    ADD CONSTRAINT notes_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.notification_habits
    ADD CONSTRAINT notification_habits_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_department_fkey FOREIGN KEY (department_id) REFERENCES public.departments(id);
ALTER TABLE ONLY public.record_links
    ADD CONSTRAINT record_links_from_fkey FOREIGN KEY (from_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.record_links
    ADD CONSTRAINT record_links_to_fkey FOREIGN KEY (to_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.record_named
    ADD CONSTRAINT record_named_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.record_participants
    ADD CONSTRAINT record_participants_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.record_waits
    ADD CONSTRAINT record_waits_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.record_watchers
    ADD CONSTRAINT record_watchers_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.role_grants
    ADD CONSTRAINT role_grants_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.routing_applications
    ADD CONSTRAINT routing_applications_set_fkey FOREIGN KEY (set_id) REFERENCES public.routing_sets(id);
ALTER TABLE ONLY public.routing_served
    ADD CONSTRAINT routing_served_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.routing_served
    ADD CONSTRAINT routing_served_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.routing_trials
    ADD CONSTRAINT routing_trials_set_fkey FOREIGN KEY (set_id) REFERENCES public.routing_sets(id);
ALTER TABLE ONLY public.routing_turns
    ADD CONSTRAINT routing_turns_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.service_request_tasks
    ADD CONSTRAINT service_request_tasks_assignee_fkey FOREIGN KEY (assignee_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.service_request_tasks
    ADD CONSTRAINT service_request_tasks_request_fkey FOREIGN KEY (request_id) REFERENCES public.service_requests(id);
ALTER TABLE ONLY public.service_request_tasks
    ADD CONSTRAINT service_request_tasks_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_assignee_fkey FOREIGN KEY (assignee_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_department_fkey FOREIGN KEY (department_id) REFERENCES public.departments(id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_item_fkey FOREIGN KEY (item_id) REFERENCES public.catalog_items(id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_requester_fkey FOREIGN KEY (requester_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_service_fkey FOREIGN KEY (service_id) REFERENCES public.services(id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.service_requests
    ADD CONSTRAINT service_requests_version_fkey FOREIGN KEY (version_id) REFERENCES public.catalog_versions(id);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.services
    ADD CONSTRAINT services_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.sla_agreements
    ADD CONSTRAINT sla_agreements_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.sla_breaches
    ADD CONSTRAINT sla_breaches_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sla_breaches
    ADD CONSTRAINT sla_breaches_terms_fkey FOREIGN KEY (terms_id) REFERENCES public.sla_versions(id);
ALTER TABLE ONLY public.sla_clocks
    ADD CONSTRAINT sla_clocks_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sla_clocks
    ADD CONSTRAINT sla_clocks_terms_fkey FOREIGN KEY (terms_id) REFERENCES public.sla_versions(id);
ALTER TABLE ONLY public.sla_events
    ADD CONSTRAINT sla_events_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sla_events
    ADD CONSTRAINT sla_events_team_terms_fkey FOREIGN KEY (team_terms_id) REFERENCES public.sla_versions(id);
ALTER TABLE ONLY public.sla_events
    ADD CONSTRAINT sla_events_terms_fkey FOREIGN KEY (terms_id) REFERENCES public.sla_versions(id);
ALTER TABLE ONLY public.sla_fired
    ADD CONSTRAINT sla_fired_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sla_nudges
    ADD CONSTRAINT sla_nudges_record_fkey FOREIGN KEY (record_id) REFERENCES public.records(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sla_versions
    ADD CONSTRAINT sla_versions_agreement_fkey FOREIGN KEY (agreement_id) REFERENCES public.sla_agreements(id);
ALTER TABLE ONLY public.sla_versions
    ADD CONSTRAINT sla_versions_calendar_fkey FOREIGN KEY (calendar_id) REFERENCES public.sla_calendars(id);
ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.team_members
    ADD CONSTRAINT team_members_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.view_displays
    ADD CONSTRAINT view_displays_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.views
    ADD CONSTRAINT views_owner_fkey FOREIGN KEY (owner_id) REFERENCES public.people(id);
ALTER TABLE ONLY public.views
    ADD CONSTRAINT views_team_fkey FOREIGN KEY (team_id) REFERENCES public.teams(id);
ALTER TABLE ONLY public.working_hours
    ADD CONSTRAINT working_hours_person_fkey FOREIGN KEY (person_id) REFERENCES public.people(id);
