DROP INDEX records_open_assignee_idx;
DROP TABLE routing_served;
DROP TABLE routing_turns;
DROP TABLE working_hours;
DROP TABLE absences;
