-- Where a service stands: draft, live or retired. active stays for what only
-- asks whether it is in use.
ALTER TABLE services ADD COLUMN state text NOT NULL DEFAULT 'live';
UPDATE services SET state = CASE WHEN active THEN 'live' ELSE 'retired' END;
ALTER TABLE services
    ADD CONSTRAINT services_state CHECK (state IN ('draft', 'live', 'retired')),
    ADD CONSTRAINT services_live_active CHECK (active = (state = 'live'));
