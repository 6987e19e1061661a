-- What pages show of people is kept in memory like what configures the desk
-- (migration "generations"). Only what was shown can be stale: somebody new
-- counts for nothing, and neither does what only they themselves see.
INSERT INTO generations (name) VALUES ('people');
CREATE TRIGGER people_generation
    AFTER UPDATE OF username, name, name_en, email, phone, title, location, department_id, lang, time_zone, vip, active, mail OR DELETE ON people
    FOR EACH STATEMENT EXECUTE FUNCTION generations_count();
