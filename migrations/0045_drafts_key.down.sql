DROP INDEX drafts_key_idx;
