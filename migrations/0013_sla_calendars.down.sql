DROP TABLE sla_revision;
DROP TABLE sla_calendars;
