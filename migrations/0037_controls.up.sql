-- Controls: queries over the desk's own records that an auditor can perform
-- again. A run keeps what it found and what it was: never changed, never deleted.
CREATE TABLE control_runs (
    id uuid NOT NULL CONSTRAINT control_runs_pkey PRIMARY KEY,
    control text NOT NULL,
    ran_at timestamptz NOT NULL,
    ran_by uuid NOT NULL,
    ran_name text NOT NULL,
    population integer NOT NULL,
    exceptions integer NOT NULL,
    bounded boolean NOT NULL,
    took_ms integer NOT NULL,
    sql_hash text NOT NULL,
    app text NOT NULL,
    CONSTRAINT control_runs_counts CHECK (population >= 0 AND exceptions >= 0)
);
CREATE INDEX control_runs_control_idx ON control_runs (control, ran_at DESC, id DESC);
CREATE TABLE control_findings (
    run_id uuid NOT NULL CONSTRAINT control_findings_run_fkey REFERENCES control_runs (id),
    n integer NOT NULL,
    kind text NOT NULL,
    object_id uuid NOT NULL,
    label text NOT NULL,
    detail text NOT NULL,
    CONSTRAINT control_findings_pkey PRIMARY KEY (run_id, n)
);
