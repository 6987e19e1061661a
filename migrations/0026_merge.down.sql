DROP TABLE incident_merges;
ALTER TABLE incidents DROP CONSTRAINT incidents_state;
ALTER TABLE incidents ADD CONSTRAINT incidents_state CHECK (state IN ('new', 'accepted', 'in_progress', 'pending', 'resolved', 'closed', 'cancelled'));
