-- What was to open a change is a task of its team again.
UPDATE service_request_tasks SET output = 'task' WHERE output = 'change';
ALTER TABLE service_request_tasks DROP CONSTRAINT service_request_tasks_output;
ALTER TABLE service_request_tasks ADD CONSTRAINT service_request_tasks_output CHECK (output IN ('task', 'incident'));
ALTER TABLE service_request_tasks DROP COLUMN waits;
