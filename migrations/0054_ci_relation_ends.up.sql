-- By what a relation ended, as it is kept by what it began; and the relations of
-- an item that ended, the last first.
ALTER TABLE ci_relations ADD COLUMN ended_ref text NOT NULL DEFAULT '';
CREATE INDEX ci_relations_from_ended_idx ON ci_relations (from_id, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX ci_relations_to_ended_idx ON ci_relations (to_id, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;
