-- Files that a test left as evidence: name, size and hash as they were then.
ALTER TABLE changes ADD COLUMN test_files jsonb NOT NULL DEFAULT '[]';
