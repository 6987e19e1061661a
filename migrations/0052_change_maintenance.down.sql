DROP TABLE change_maintenance_exceptions;
DROP TABLE change_maintenance;
DELETE FROM generations WHERE name = 'change_maintenance';
