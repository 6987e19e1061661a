-- Holds every committed transaction of a test to what record.Edition promises:
-- whatever hangs on an incident is only written together with its line in the
-- register. A test that tampers says so: SET LOCAL dbtest.tamper = 'on'.
CREATE FUNCTION guard_register() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    col text := TG_ARGV[0];
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    is_ jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    number text;
BEGIN
    IF current_setting('dbtest.tamper', true) = 'on' THEN
        RETURN NULL;
    END IF;
    SELECT r.number INTO number FROM records r
        WHERE r.kind = 'incident' AND r.id IN ((was ->> col)::uuid, (is_ ->> col)::uuid) AND pg_xact_status(r.xmin::text::xid8) <> 'in progress' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% of % wrote to %.% without its line in the register', TG_OP, number, TG_TABLE_NAME, col;
    END IF;
    RETURN NULL;
END $$;

-- Each table, and the column that says on which record its rows hang.
DO $$
DECLARE
    t text[];
BEGIN
    FOREACH t SLICE 1 IN ARRAY ARRAY[
        ['incidents', 'id'], ['incident_tasks', 'incident_id'], ['incident_merges', 'target_id'], ['comments', 'record_id'], ['notes', 'record_id'],
        ['attachments', 'record_id'], ['sla_clocks', 'record_id'], ['record_watchers', 'record_id'], ['record_links', 'from_id']
    ] LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON %I DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION guard_register(%L)', t[1], t[2]);
    END LOOP;
END $$;
-- Of the trail what pages tell of a record; it is only ever added to.
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT ON trail_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.outcome = 'success' AND NEW.action <> 'ticket.read_confidential') EXECUTE FUNCTION guard_register('record_id');
