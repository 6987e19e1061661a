-- Who is there: absences with a substitute, and personal working hours.
CREATE TABLE absences (
    id            uuid        NOT NULL CONSTRAINT absences_pkey PRIMARY KEY,
    version       integer     NOT NULL DEFAULT 1,
    person_id     uuid        NOT NULL CONSTRAINT absences_person_fkey REFERENCES people (id),
    from_at       timestamptz NOT NULL,
    until_at      timestamptz NOT NULL, -- no longer away from then on
    substitute_id uuid        CONSTRAINT absences_substitute_fkey REFERENCES people (id),
    note          text        NOT NULL DEFAULT '',
    ended         boolean     NOT NULL DEFAULT false, -- taken back before it began
    created_by    uuid        NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT absences_in_order CHECK (from_at < until_at),
    CONSTRAINT absences_at_most_a_month CHECK (until_at <= from_at + interval '31 days'), -- 30 days and an hour of summer time
    CONSTRAINT absences_not_own_substitute CHECK (substitute_id <> person_id)
);
CREATE INDEX absences_person_idx ON absences (person_id, until_at) WHERE NOT ended;
CREATE INDEX absences_until_idx ON absences (until_at) WHERE NOT ended;

CREATE TABLE working_hours (
    person_id uuid    NOT NULL CONSTRAINT working_hours_pkey PRIMARY KEY CONSTRAINT working_hours_person_fkey REFERENCES people (id),
    work_from integer NOT NULL, -- minutes after midnight in the person's zone
    work_to   integer NOT NULL,
    CONSTRAINT working_hours_in_order CHECK (work_from >= 0 AND work_from < work_to AND work_to <= 1440)
);

-- Whose turn it is in a team: the row of the team orders records that come at
-- once, the others say when each person was last given one.
CREATE TABLE routing_turns (
    team_id uuid   NOT NULL CONSTRAINT routing_turns_pkey PRIMARY KEY CONSTRAINT routing_turns_team_fkey REFERENCES teams (id),
    turn    bigint NOT NULL
);
CREATE TABLE routing_served (
    team_id   uuid   NOT NULL CONSTRAINT routing_served_team_fkey REFERENCES teams (id),
    person_id uuid   NOT NULL CONSTRAINT routing_served_person_fkey REFERENCES people (id),
    turn      bigint NOT NULL,
    CONSTRAINT routing_served_pkey PRIMARY KEY (team_id, person_id)
);
CREATE INDEX records_open_assignee_idx ON records (assignee_id) WHERE assignee_id IS NOT NULL AND category IN ('new', 'active', 'pending');
