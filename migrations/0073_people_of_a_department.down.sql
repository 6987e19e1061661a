DROP INDEX people_department_idx;
CREATE INDEX people_department_idx ON people (department_id);
