package identity

// Granted is the condition that a line `g` of role_grants is in force at @now:
// a role that is over counts nowhere. Whoever asks in SQL who holds a role says
// it with these words (archtest looks).
const Granted = `(g.until IS NULL OR g.until > @now)`

// Engineer is the condition that `p` of people can be made responsible for work
// at @now by the roles that they hold.
const Engineer = `EXISTS (SELECT 1 FROM role_grants g WHERE g.person_id = p.id AND g.role IN ('L1', 'L2', 'LEAD') AND ` + Granted + `)`
