DROP TABLE incident_majors;
DROP INDEX incidents_major_idx;
ALTER TABLE incidents
    DROP CONSTRAINT incidents_major,
    DROP COLUMN major;
