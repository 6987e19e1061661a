UPDATE approvals SET status = 'void' WHERE status = 'returned';
ALTER TABLE approvals DROP CONSTRAINT approvals_status;
ALTER TABLE approvals ADD CONSTRAINT approvals_status CHECK (status IN ('open', 'held', 'approved', 'rejected', 'withdrawn', 'void'));
