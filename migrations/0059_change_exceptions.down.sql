DELETE FROM change_maintenance_exceptions x USING change_maintenance_exceptions y
	WHERE (x.change_id, x.maintenance_id, x.from_at, x.to_at) = (y.change_id, y.maintenance_id, y.from_at, y.to_at) AND (x.at, x.about) < (y.at, y.about);
ALTER TABLE change_maintenance_exceptions DROP CONSTRAINT change_maintenance_exceptions_pkey,
	ADD CONSTRAINT change_maintenance_exceptions_pkey PRIMARY KEY (change_id, maintenance_id, from_at, to_at),
	DROP COLUMN about;
