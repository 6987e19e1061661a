ALTER TABLE service_requests DROP COLUMN held_since;
