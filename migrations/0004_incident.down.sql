DROP TABLE incident_tasks;
DROP TABLE incidents;
DROP SEQUENCE incident_numbers;
DROP TABLE incident_priorities;
DROP TABLE incident_categories;
DROP TABLE services;
