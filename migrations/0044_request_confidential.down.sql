DROP INDEX service_requests_confidential_idx;
ALTER TABLE service_requests DROP COLUMN confidential;
