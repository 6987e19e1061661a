-- What the reason of a refused row speaks of (how many tasks are open): without it the sentence has gaps.
ALTER TABLE batch_rows ADD COLUMN args jsonb;
