DROP TABLE incident_chronicle;
DROP TABLE incident_affected;
DROP TABLE incident_announcements;
