-- A verification campaign asks many people at once whether the items in their
-- care are as they stand here. Who said what, and who verified it, is kept.
CREATE TABLE ci_campaigns (
    id          uuid        NOT NULL CONSTRAINT ci_campaigns_pkey PRIMARY KEY,
    version     integer     NOT NULL DEFAULT 1,
    name_zh     text        NOT NULL,
    name_en     text        NOT NULL,
    ask         text        NOT NULL, -- what people are to look at
    scope       jsonb       NOT NULL, -- which items it was asked for
    not_since   timestamptz, -- only items that were not verified since
    due_at      timestamptz NOT NULL,
    state       text        NOT NULL,
    items       integer     NOT NULL DEFAULT 0,
    reminded_at timestamptz, -- when people were told that it is due soon
    overdue_at  timestamptz, -- and that it was
    ended_at    timestamptz,
    ended_by    uuid,
    remark      text        NOT NULL DEFAULT '', -- how it went, or why it was called off
    made_by     uuid        NOT NULL CONSTRAINT ci_campaigns_made_by_fkey REFERENCES people (id),
    made_name   text        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT ci_campaigns_named CHECK (name_zh <> '' OR name_en <> ''),
    CONSTRAINT ci_campaigns_state CHECK (state IN ('open', 'closed', 'cancelled')),
    CONSTRAINT ci_campaigns_ended CHECK ((state = 'open') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX ci_campaigns_created_idx ON ci_campaigns (created_at DESC, id DESC);
CREATE INDEX ci_campaigns_due_idx ON ci_campaigns (due_at) WHERE state = 'open';

CREATE TABLE ci_campaign_items (
    id           uuid        NOT NULL CONSTRAINT ci_campaign_items_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    version      integer     NOT NULL DEFAULT 1,
    campaign_id  uuid        NOT NULL CONSTRAINT ci_campaign_items_campaign_fkey REFERENCES ci_campaigns (id) DEFERRABLE INITIALLY DEFERRED, -- they are counted before it is written
    item_id      uuid        NOT NULL CONSTRAINT ci_campaign_items_item_fkey REFERENCES ci_items (id),
    number       bigint      NOT NULL, -- of the item: lists go by it
    asked_id     uuid        CONSTRAINT ci_campaign_items_asked_fkey REFERENCES people (id), -- custodian or owner when it began
    answer       text        NOT NULL DEFAULT '',
    note         text        NOT NULL DEFAULT '',
    item_version integer, -- that the answer speaks of
    answered_by  uuid        CONSTRAINT ci_campaign_items_answered_by_fkey REFERENCES people (id),
    answered_at  timestamptz,
    verified_by  uuid        CONSTRAINT ci_campaign_items_verified_by_fkey REFERENCES people (id),
    verified_at  timestamptz,
    updated_at   timestamptz NOT NULL,
    state        text        NOT NULL GENERATED ALWAYS AS (CASE WHEN verified_at IS NOT NULL THEN 'verified' WHEN answer <> '' THEN answer ELSE 'open' END) STORED,
    CONSTRAINT ci_campaign_items_key UNIQUE (campaign_id, item_id),
    CONSTRAINT ci_campaign_items_answer CHECK (answer IN ('', 'same', 'differs', 'missing')),
    CONSTRAINT ci_campaign_items_answered CHECK ((answer = '') = (answered_by IS NULL) AND (answered_by IS NULL) = (answered_at IS NULL)),
    CONSTRAINT ci_campaign_items_verified CHECK ((verified_by IS NULL) = (verified_at IS NULL)),
    CONSTRAINT ci_campaign_items_note CHECK (answer NOT IN ('differs', 'missing') OR note <> '')
);
CREATE INDEX ci_campaign_items_number_idx ON ci_campaign_items (campaign_id, number);
CREATE INDEX ci_campaign_items_state_idx ON ci_campaign_items (campaign_id, state, number);
CREATE INDEX ci_campaign_items_asked_idx ON ci_campaign_items (asked_id, campaign_id, number);
CREATE INDEX ci_campaign_items_item_idx ON ci_campaign_items (item_id);

-- What was said is a fact once the campaign is over, and so is how it ended.
CREATE FUNCTION ci_campaigns_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a campaign that is over is not changed any more' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ci_campaigns_keep BEFORE UPDATE ON ci_campaigns FOR EACH ROW WHEN (OLD.state <> 'open') EXECUTE FUNCTION ci_campaigns_keep();
CREATE TRIGGER ci_campaigns_kept BEFORE DELETE ON ci_campaigns FOR EACH ROW EXECUTE FUNCTION ci_campaigns_keep();
CREATE TRIGGER ci_campaigns_no_truncate BEFORE TRUNCATE ON ci_campaigns FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION ci_campaign_items_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT campaign_id FROM changed) x JOIN ci_campaigns c ON c.id = x.campaign_id WHERE c.state <> 'open') THEN
        RAISE EXCEPTION 'a campaign that is over is not changed any more' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ci_campaign_items_added AFTER INSERT ON ci_campaign_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ci_campaign_items_keep();
CREATE TRIGGER ci_campaign_items_changed AFTER UPDATE ON ci_campaign_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ci_campaign_items_keep();
CREATE TRIGGER ci_campaign_items_kept BEFORE DELETE ON ci_campaign_items FOR EACH ROW EXECUTE FUNCTION ci_campaigns_keep();
CREATE TRIGGER ci_campaign_items_no_truncate BEFORE TRUNCATE ON ci_campaign_items FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
