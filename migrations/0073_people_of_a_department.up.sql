-- An announcement is sent to the people of a department in pages by their ids.
DROP INDEX people_department_idx;
CREATE INDEX people_department_idx ON people (department_id, id);
