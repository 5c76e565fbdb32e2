-- Operating the trunk: queues that can be paused and drained, figures of every queue, dead letters
-- that were looked at and put aside. Runs as awgp_owner.

-- Which queues take work. The one table of the machine's operators, not of a tenant: a queue is
-- shared by all, and this holds nothing of theirs.
CREATE TABLE queue_states (
    queue text PRIMARY KEY CHECK
        (queue IN ('policy', 'hold', 'execute', 'post_action', 'audit', 'export')),
    -- draining: what was due before changed_at is still worked on; what came later waits.
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'draining', 'paused')),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT '' CHECK (length(changed_by) <= 200),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 500)
);
INSERT INTO queue_states (queue)
    VALUES ('policy'), ('hold'), ('execute'), ('post_action'), ('audit'), ('export');
ALTER TABLE queue_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue_states FORCE ROW LEVEL SECURITY;
REVOKE ALL ON queue_states FROM PUBLIC;
CREATE POLICY everybody_reads ON queue_states FOR SELECT
    TO awgp_web, awgp_worker, awgp_relay, awgp_sealer, awgp_exporter, awgp_operator USING (true);
CREATE POLICY operator_changes ON queue_states FOR UPDATE
    TO awgp_operator USING (true) WITH CHECK (true);
GRANT SELECT ON queue_states
    TO awgp_web, awgp_worker, awgp_relay, awgp_sealer, awgp_exporter, awgp_operator;
GRANT UPDATE (state, changed_at, changed_by, reason) ON queue_states TO awgp_operator;

-- A dead letter that nobody will replay.
ALTER TABLE dead_letters ADD COLUMN discarded_at timestamptz;
GRANT UPDATE (discarded_at) ON dead_letters TO awgp_web;
CREATE INDEX dead_letters_open ON dead_letters (tenant_id, created_at)
    WHERE replayed_at IS NULL AND discarded_at IS NULL;

-- operator: `awgp queues`, `awgp dead`, `awgp pause`: what waits and what failed, in every tenant,
-- and no payload. What it changes of a tenant's goes through awgp_web, in that tenant.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenants', 'handoffs', 'due', 'dead_letters'] LOOP
        EXECUTE format('CREATE POLICY operator ON %I FOR SELECT TO awgp_operator USING (true)', name);
        EXECUTE format('GRANT SELECT ON %I TO awgp_operator', name);
    END LOOP;
END $$;

GRANT SELECT (tenant_id, stage, created_at, lease_until, not_before, next_send_at, failures)
    ON handoffs TO awgp_definer;
GRANT SELECT (tenant_id, kind, next_send_at, sends) ON due TO awgp_definer;
GRANT SELECT (tenant_id, stage, created_at, replayed_at, discarded_at)
    ON dead_letters TO awgp_definer;
CREATE POLICY definer ON handoffs FOR SELECT TO awgp_definer USING (true);
CREATE POLICY definer ON due FOR SELECT TO awgp_definer USING (true);
CREATE POLICY definer ON dead_letters FOR SELECT TO awgp_definer USING (true);

-- A row a tenant and queue that has anything: counts and ages, nothing of any run.
CREATE FUNCTION queue_figures() RETURNS TABLE (
    tenant_id uuid,
    queue text,
    depth bigint,          -- handoffs and due rows whose time has come, worked on or not
    oldest_at timestamptz, -- since when the oldest of them that nobody works on has been due
    leased bigint,         -- of depth, under a lease
    retrying bigint,       -- handoffs that failed before and wait for their next try
    dead bigint            -- dead letters neither replayed nor discarded
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = awgp, pg_temp AS $$
    WITH every AS (
        SELECT h.tenant_id, h.stage AS queue,
            greatest(h.created_at, coalesce(h.not_before, h.created_at)) AS due_at,
            coalesce(h.lease_until >= clock_timestamp(), false) AS leased,
            h.failures > 0 AND coalesce(h.not_before > clock_timestamp(), false) AS retrying,
            coalesce(h.not_before > clock_timestamp(), false) AS later, false AS dead
        FROM handoffs h
        UNION ALL
        SELECT d.tenant_id, split_part(d.kind, '.', 1), d.next_send_at, false, false, false, false
        FROM due d WHERE d.sends > 0 OR d.next_send_at <= clock_timestamp()
        UNION ALL
        SELECT l.tenant_id, l.stage, l.created_at, false, false, true, true
        FROM dead_letters l WHERE l.replayed_at IS NULL AND l.discarded_at IS NULL)
    SELECT e.tenant_id, e.queue, count(*) FILTER (WHERE NOT e.later),
        min(least(e.due_at, clock_timestamp())) FILTER (WHERE NOT e.later AND NOT e.leased),
        count(*) FILTER (WHERE e.leased), count(*) FILTER (WHERE e.retrying),
        count(*) FILTER (WHERE e.dead)
    FROM every e GROUP BY 1, 2
$$;

-- Since when the oldest record of each tenant waits to be sealed.
CREATE FUNCTION sealing_waits() RETURNS TABLE (tenant_id uuid, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = awgp, pg_temp AS $$
    SELECT t.tenant_id, (oldest.record ->> 'occurred_at')::timestamptz
    FROM tenants t CROSS JOIN LATERAL (
        SELECT p.record FROM audit_pending p WHERE p.tenant_id = t.tenant_id
        ORDER BY p.pending_id LIMIT 1) AS oldest
$$;

-- The relay looks a queue at a time, so that what piles up in a paused one costs it nothing.
DROP INDEX handoffs_overdue;
CREATE INDEX handoffs_overdue ON handoffs (stage, next_send_at);
DROP INDEX due_overdue;
CREATE INDEX due_overdue ON due (kind, next_send_at);

-- `awgp resume` makes what waits due at once.
CREATE POLICY operator_hurries ON handoffs FOR UPDATE
    TO awgp_operator USING (true) WITH CHECK (true);
CREATE POLICY operator_hurries ON due FOR UPDATE
    TO awgp_operator USING (true) WITH CHECK (true);
GRANT UPDATE (next_send_at, sends) ON handoffs, due TO awgp_operator;
