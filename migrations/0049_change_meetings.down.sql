DROP TABLE change_meetings;
DROP FUNCTION change_meetings_keep();
