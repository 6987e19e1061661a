-- Since when a request waits for somebody outside the desk: the day that its
-- requester was told moves with it.
ALTER TABLE service_requests ADD COLUMN held_since timestamptz;
