DROP TABLE deputies;
DROP TABLE approval_seats;
DROP TABLE approval_entries;
DROP TABLE approvals;
DROP TABLE record_waits;
