-- A rejection may send what is asked for back to its requester, to be changed.
ALTER TABLE approvals DROP CONSTRAINT approvals_status;
ALTER TABLE approvals ADD CONSTRAINT approvals_status CHECK (status IN ('open', 'held', 'approved', 'rejected', 'returned', 'withdrawn', 'void'));
