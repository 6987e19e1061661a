ALTER TABLE change_meetings DROP COLUMN attendance;
