-- What dry runs of routing rules found, under the id of the batch that did it.
CREATE TABLE routing_trials (
    id     uuid        NOT NULL CONSTRAINT routing_trials_pkey PRIMARY KEY,
    set_id uuid        NOT NULL CONSTRAINT routing_trials_set_fkey REFERENCES routing_sets (id),
    result jsonb       NOT NULL,
    at     timestamptz NOT NULL
);
CREATE INDEX routing_trials_at_idx ON routing_trials (at);
