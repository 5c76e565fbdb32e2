-- Lists that stay fast: what a page is filtered and ordered by stands in the row and in an index.
-- Runs as awgp_owner.

-- An approval's run never changes whose it is, so a copy cannot go stale; a list of approvals is
-- then filtered without a look at any run.
ALTER TABLE approvals
    ADD COLUMN assistant_id uuid,
    ADD COLUMN source_id uuid,
    ADD COLUMN requester_person_id uuid,
    ADD COLUMN bundle_digest text;

CREATE FUNCTION note_what_is_asked() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    SELECT r.assistant_id, r.source_id, r.requester_person_id
    INTO NEW.assistant_id, NEW.source_id, NEW.requester_person_id
    FROM runs r WHERE r.tenant_id = NEW.tenant_id AND r.run_id = NEW.run_id;
    SELECT convert_from(x.action, 'UTF8')::jsonb ->> 'bundle_digest' INTO NEW.bundle_digest
    FROM actions x
    WHERE x.tenant_id = NEW.tenant_id AND x.run_id = NEW.run_id AND x.epoch = NEW.epoch;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_notes_what_is_asked BEFORE INSERT ON approvals
    FOR EACH ROW EXECUTE FUNCTION note_what_is_asked();

-- The owner sees all tenants' rows for as long as these three are open to it, in this transaction.
ALTER TABLE approvals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE runs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE actions NO FORCE ROW LEVEL SECURITY;
UPDATE approvals a SET assistant_id = r.assistant_id, source_id = r.source_id,
    requester_person_id = r.requester_person_id,
    bundle_digest = convert_from(x.action, 'UTF8')::jsonb ->> 'bundle_digest'
FROM runs r JOIN actions x USING (tenant_id, run_id)
WHERE r.tenant_id = a.tenant_id AND r.run_id = a.run_id AND x.epoch = a.epoch;
ALTER TABLE approvals FORCE ROW LEVEL SECURITY;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
ALTER TABLE actions FORCE ROW LEVEL SECURITY;

-- An order a list can be asked for, each with the id that makes its cursor exact.
DROP INDEX approvals_tenant_id_status_expires_at_idx;
CREATE INDEX approvals_by_expiry ON approvals (tenant_id, status, expires_at, approval_id);
CREATE INDEX approvals_by_status ON approvals (tenant_id, status, approval_id);
CREATE INDEX approvals_by_assistant ON approvals (tenant_id, assistant_id, status, approval_id);

-- Run ids sort by time, so each of these is also the order of a list.
CREATE INDEX runs_by_assistant ON runs (tenant_id, assistant_id, run_id);
CREATE INDEX runs_by_source ON runs (tenant_id, source_id, run_id) WHERE source_id IS NOT NULL;
CREATE INDEX runs_by_requester ON runs (tenant_id, requester_person_id, run_id)
    WHERE requester_person_id IS NOT NULL;
CREATE INDEX dead_letters_open_by_run ON dead_letters (tenant_id, run_id)
    WHERE replayed_at IS NULL AND discarded_at IS NULL;

-- Cancelling takes an approved run out of the queue it waits in to be launched, and no other.
GRANT DELETE ON handoffs TO awgp_web;
CREATE POLICY web_only_cancels ON handoffs AS RESTRICTIVE FOR DELETE TO awgp_web
    USING (stage = 'execute');
