-- Requests about what is nobody else's business (controls §6): only those on the
-- need-to-know list see them.
ALTER TABLE service_requests ADD COLUMN confidential boolean NOT NULL DEFAULT false;
-- The lists that a job keeps in step with the teams.
CREATE INDEX service_requests_confidential_idx ON service_requests (id) WHERE confidential AND state IN ('submitted', 'approving', 'approved', 'fulfilling', 'pending', 'fulfilled');
