-- What somebody who leaves still holds on others' records.
CREATE INDEX incident_tasks_holder_idx ON incident_tasks (assignee_id, incident_id) WHERE done_at IS NULL;
CREATE INDEX service_request_tasks_holder_idx ON service_request_tasks (assignee_id, request_id) WHERE state IN ('waiting', 'ready');
