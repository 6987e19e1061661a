-- How large an incident was when its proposal as a major one was declined: the
-- rules propose it again once it has grown clearly.
ALTER TABLE incident_majors ADD COLUMN declined_seen jsonb;
UPDATE incident_majors m SET declined_seen = jsonb_build_object('people', (SELECT count(*) FROM (SELECT f.person_id FROM incident_affected f WHERE f.incident_id = m.incident_id
        UNION SELECT c.requester_id FROM incidents c WHERE c.parent_id = m.incident_id AND c.child_as = 'same' AND c.state <> 'cancelled') who), 'priority', i.priority)
    FROM incidents i WHERE i.id = m.incident_id AND m.declined_at IS NOT NULL;
