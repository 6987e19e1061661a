-- What the reason of a refused row speaks of (how many tasks are open): without it the sentence has gaps.
ALTER TABLE batch_rows ADD COLUMN args jsonb;
UPDATE batch_rows SET args = '{"items": 50000, "nodes": 10000}' WHERE code IN ('configuration.error.baseline_large', 'configuration.error.reach_large');
