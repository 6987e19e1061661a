ALTER TABLE incident_majors DROP COLUMN declined_seen;
