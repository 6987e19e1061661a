-- How often each table that configures the desk was changed. What is read of
-- them is kept in memory for as long as the sum stays what it was (package db,
-- Kept). One row a table: whoever configures one waits for nobody else.
CREATE TABLE generations (
    name text   NOT NULL CONSTRAINT generations_pkey PRIMARY KEY,
    n    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10); -- updated in place, on one page

CREATE FUNCTION generations_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE generations SET n = n + 1 WHERE name = TG_TABLE_NAME;
    RETURN NULL;
END $$;

INSERT INTO generations (name)
    VALUES ('settings'), ('incident_categories'), ('incident_priorities'), ('incident_macros'), ('services'), ('teams'), ('views'), ('ci_relation_types'),
        ('role_grants'), ('team_members'), ('departments');
CREATE TRIGGER settings_generation AFTER INSERT OR UPDATE OR DELETE ON settings FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER incident_categories_generation AFTER INSERT OR UPDATE OR DELETE ON incident_categories FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER incident_priorities_generation AFTER INSERT OR UPDATE OR DELETE ON incident_priorities FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER incident_macros_generation AFTER INSERT OR UPDATE OR DELETE ON incident_macros FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER services_generation AFTER INSERT OR UPDATE OR DELETE ON services FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER teams_generation AFTER INSERT OR UPDATE OR DELETE ON teams FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER views_generation AFTER INSERT OR UPDATE OR DELETE ON views FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER ci_relation_types_generation AFTER INSERT OR UPDATE OR DELETE ON ci_relation_types FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER role_grants_generation AFTER INSERT OR UPDATE OR DELETE ON role_grants FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER team_members_generation AFTER INSERT OR UPDATE OR DELETE ON team_members FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
CREATE TRIGGER departments_generation AFTER INSERT OR UPDATE OR DELETE ON departments FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
