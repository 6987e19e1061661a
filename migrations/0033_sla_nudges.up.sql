-- Who chased a record when (催办); the last one begins the cool-down.
CREATE TABLE sla_nudges (
    record_id uuid        NOT NULL CONSTRAINT sla_nudges_record_fkey REFERENCES records (id) ON DELETE CASCADE,
    at        timestamptz NOT NULL,
    person_id uuid        NOT NULL,
    CONSTRAINT sla_nudges_pkey PRIMARY KEY (record_id, at)
);

-- The list of breaches in its own order.
DROP INDEX sla_breaches_due_idx;
CREATE INDEX sla_breaches_list_idx ON sla_breaches (due_at DESC, record_id DESC, metric DESC, stint DESC);
