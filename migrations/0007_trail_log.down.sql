DROP TABLE trail_checks;
DROP INDEX trail_entries_xid_idx;
DROP TABLE trail_log;
DROP TABLE trail_leaves;
