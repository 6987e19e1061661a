-- The alarm of what nobody takes is repeated: it counts from when somebody was
-- told last. Of what was told before this the next comes after as long again.
ALTER TABLE incident_unassigned_alarms ADD COLUMN told_at timestamptz;
UPDATE incident_unassigned_alarms SET told_at = now();
