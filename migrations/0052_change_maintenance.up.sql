-- Recurring times in which services and items may be changed. A binding one
-- shuts the gates outside of it, another warns.
CREATE TABLE change_maintenance (
	id uuid CONSTRAINT change_maintenance_pkey PRIMARY KEY,
	version integer NOT NULL DEFAULT 1,
	name_zh text NOT NULL,
	name_en text NOT NULL,
	binding boolean NOT NULL,
	nth smallint NOT NULL, -- 0: every week; 1 to 4: of a month; -1: the last of a month
	weekdays smallint[] NOT NULL, -- 1: Monday
	starts text NOT NULL, -- of the day in zone, HH:MM
	ends text NOT NULL, -- not after starts: of the day after
	zone text NOT NULL,
	valid_from date NOT NULL,
	valid_until date,
	services uuid[] NOT NULL DEFAULT '{}',
	items uuid[] NOT NULL DEFAULT '{}',
	ended boolean NOT NULL DEFAULT false,
	created_by uuid NOT NULL CONSTRAINT change_maintenance_by_fkey REFERENCES people (id),
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	CONSTRAINT change_maintenance_nth CHECK (nth BETWEEN -1 AND 4),
	CONSTRAINT change_maintenance_weekdays CHECK (cardinality(weekdays) BETWEEN 1 AND 7 AND weekdays <@ '{1,2,3,4,5,6,7}'::smallint[]),
	CONSTRAINT change_maintenance_times CHECK (starts ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' AND ends ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
	CONSTRAINT change_maintenance_valid CHECK (valid_until >= valid_from),
	CONSTRAINT change_maintenance_about CHECK (cardinality(services) + cardinality(items) > 0)
);
CREATE INDEX change_maintenance_name_idx ON change_maintenance (name_zh, id) WHERE NOT ended;

-- An exception is for the very window that the change had: moved, it is not
-- excepted any more.
CREATE TABLE change_maintenance_exceptions (
	maintenance_id uuid NOT NULL CONSTRAINT change_maintenance_exceptions_of_fkey REFERENCES change_maintenance (id),
	change_id uuid NOT NULL CONSTRAINT change_maintenance_exceptions_change_fkey REFERENCES changes (id),
	from_at timestamptz NOT NULL,
	to_at timestamptz NOT NULL,
	reason text NOT NULL,
	by_id uuid NOT NULL CONSTRAINT change_maintenance_exceptions_by_fkey REFERENCES people (id),
	at timestamptz NOT NULL,
	CONSTRAINT change_maintenance_exceptions_pkey PRIMARY KEY (change_id, maintenance_id, from_at, to_at),
	CONSTRAINT change_maintenance_exceptions_reason CHECK (reason <> '')
);

INSERT INTO generations (name) VALUES ('change_maintenance');
CREATE TRIGGER change_maintenance_generation AFTER INSERT OR UPDATE OR DELETE ON change_maintenance FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
