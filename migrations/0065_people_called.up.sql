-- Who searches may mean a person: each list's words are compared with names in
-- both languages.
CREATE INDEX people_name_en_idx ON people (lower(name_en));
