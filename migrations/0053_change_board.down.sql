DROP INDEX change_meetings_remind_idx;
ALTER TABLE change_meetings DROP COLUMN quorate, DROP COLUMN reminded_at;
DROP TABLE change_board;
DELETE FROM generations WHERE name = 'change_board';
