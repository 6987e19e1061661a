ALTER TABLE changes DROP COLUMN test_files;
