-- A person ends a run whose sandbox is at work. Runs as awgp_owner.

-- Asked for on the note that the run is due at `execute`, which its worker renews its lease on: so
-- whoever works on it sees it, at the latest with the next renewal, and it goes when the run does.
ALTER TABLE handoffs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE persons NO FORCE ROW LEVEL SECURITY;
ALTER TABLE handoffs
    ADD COLUMN kill_by_person_id uuid,
    ADD COLUMN kill_asked_at timestamptz,
    ADD CONSTRAINT handoffs_kill_by FOREIGN KEY (tenant_id, kill_by_person_id) REFERENCES persons,
    ADD CONSTRAINT handoffs_kill_is_whole
        CHECK ((kill_by_person_id IS NULL) = (kill_asked_at IS NULL)),
    ADD CONSTRAINT handoffs_kill_of_an_execution
        CHECK (kill_asked_at IS NULL OR stage = 'execute');
ALTER TABLE handoffs FORCE ROW LEVEL SECURITY;
ALTER TABLE persons FORCE ROW LEVEL SECURITY;

-- It is asked for by the web alone, of executions alone, and never taken back.
GRANT UPDATE (kill_by_person_id, kill_asked_at) ON handoffs TO awgp_web;
CREATE POLICY web_only_asks_for_kills ON handoffs AS RESTRICTIVE FOR UPDATE TO awgp_web
    USING (stage = 'execute') WITH CHECK (stage = 'execute' AND kill_by_person_id IS NOT NULL);

-- Where nobody works on it any more, cancelling settles what its dead worker left open, and says no
-- more of it than that nobody knows.
GRANT UPDATE (exit_reason, detail, finished_at) ON executions TO awgp_web;
CREATE POLICY web_only_settles_as_lost ON executions AS RESTRICTIVE FOR UPDATE TO awgp_web
    USING (
        finished_at IS NULL
        AND NOT EXISTS (
            SELECT FROM handoffs h
            WHERE h.tenant_id = executions.tenant_id AND h.run_id = executions.run_id
                AND h.lease_until >= clock_timestamp()
        )
    )
    WITH CHECK (exit_reason = 'host_lost');
