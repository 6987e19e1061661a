DROP TABLE service_request_tasks;
DROP TABLE service_requests;
DROP SEQUENCE service_request_numbers;
