DROP TABLE control_findings;
DROP TABLE control_runs;
