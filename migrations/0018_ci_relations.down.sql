DROP TABLE ci_relations, ci_relation_types;
DELETE FROM record_links WHERE relation = 'affects';
