-- Holds every committed transaction of a test to what record.Edition promises:
-- whatever hangs on an incident is only written together with its line in the
-- register. A test that tampers says so: SET LOCAL dbtest.tamper = 'on'.
CREATE FUNCTION guard_register() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    col text;
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    is_ jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    number text;
BEGIN
    IF current_setting('dbtest.tamper', true) = 'on' THEN
        RETURN NULL;
    END IF;
    FOREACH col IN ARRAY TG_ARGV LOOP
        SELECT r.number INTO number FROM records r
            WHERE r.kind = 'incident' AND r.id IN ((was ->> col)::uuid, (is_ ->> col)::uuid) AND pg_xact_status(r.xmin::text::xid8) <> 'in progress' LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION '% of % wrote to %.% without its line in the register', TG_OP, number, TG_TABLE_NAME, col;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON incidents DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON comments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('record_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON notes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('record_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON attachments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('record_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT ON trail_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.outcome = 'success' AND NEW.action <> 'ticket.read_confidential') EXECUTE FUNCTION guard_register('record_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON sla_clocks DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('record_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON record_watchers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('record_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON incident_tasks DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('incident_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON record_links DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('from_id');
CREATE CONSTRAINT TRIGGER guard_register AFTER INSERT OR UPDATE OR DELETE ON incident_merges DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION guard_register('target_id');
