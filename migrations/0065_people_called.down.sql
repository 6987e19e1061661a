DROP INDEX people_name_en_idx;
