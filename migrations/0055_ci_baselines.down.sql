DROP TABLE ci_baseline_items;
DROP TABLE ci_baselines;
DROP FUNCTION ci_baseline_open();
DROP FUNCTION ci_baseline_sealed();
