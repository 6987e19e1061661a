DROP TABLE change_freeze_exceptions;
DROP TABLE change_freezes;
