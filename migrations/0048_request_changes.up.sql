-- A task of a request may be to open a change, and wait for its end or not.
ALTER TABLE service_request_tasks ADD COLUMN waits boolean NOT NULL DEFAULT false;
ALTER TABLE service_request_tasks DROP CONSTRAINT service_request_tasks_output;
ALTER TABLE service_request_tasks ADD CONSTRAINT service_request_tasks_output CHECK (output IN ('task', 'incident', 'change'));
