DROP TABLE ci_versions, ci_unique_values, ci_identifiers, ci_items, ci_attributes, ci_classes;
DROP SEQUENCE ci_numbers;
DELETE FROM records WHERE kind = 'ci';
