-- What waits for somebody's decision is read in the order of the asking.
CREATE INDEX record_waits_asked_idx ON record_waits (person_id, since, id) WHERE what = 'approval.asked';
