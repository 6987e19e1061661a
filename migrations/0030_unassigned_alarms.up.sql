-- Of which spell without anybody responsible the lead was told.
CREATE TABLE incident_unassigned_alarms (
    incident_id uuid        NOT NULL CONSTRAINT incident_unassigned_alarms_pkey PRIMARY KEY CONSTRAINT incident_unassigned_alarms_incident_fkey REFERENCES incidents (id),
    since       timestamptz NOT NULL
);
