DROP INDEX records_confidential_idx;
