DROP INDEX record_waits_asked_idx;
