-- Who else is typing on the same thing: drafts by the beginning of their key.
CREATE INDEX drafts_key_idx ON drafts (key text_pattern_ops, updated_at);
