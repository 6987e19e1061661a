-- An exception is for the very items and service that the change had, too: about
-- names them. Those that were made before are for what their changes have now.
ALTER TABLE change_maintenance_exceptions ADD COLUMN about text NOT NULL DEFAULT '';
UPDATE change_maintenance_exceptions x SET about = (
	SELECT encode(sha256(convert_to(coalesce((SELECT string_agg(i::text, ',' ORDER BY i) FROM unnest(c.items) i), '') || '|' || coalesce(c.service_id::text, ''), 'UTF8')), 'hex')
	FROM changes c WHERE c.id = x.change_id);
ALTER TABLE change_maintenance_exceptions ALTER COLUMN about DROP DEFAULT,
	DROP CONSTRAINT change_maintenance_exceptions_pkey,
	ADD CONSTRAINT change_maintenance_exceptions_pkey PRIMARY KEY (change_id, maintenance_id, from_at, to_at, about);
