DROP TABLE inspection_incidents;
DROP TABLE inspection_readings;
DROP TABLE inspection_items;
DROP TABLE inspections;
DROP SEQUENCE inspection_numbers;
DROP TABLE inspection_plans;
DROP FUNCTION inspection_readings_keep();
DROP FUNCTION inspections_keep();
