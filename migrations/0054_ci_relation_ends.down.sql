DROP INDEX ci_relations_to_ended_idx;
DROP INDEX ci_relations_from_ended_idx;
ALTER TABLE ci_relations DROP COLUMN ended_ref;
