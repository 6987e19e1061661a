ALTER TABLE incident_unassigned_alarms DROP COLUMN told_at;
