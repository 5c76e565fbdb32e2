-- Queues that are scaled, drained and looked at from the control plane; what a proof of the trail
-- needs of its tree. Runs as awgp_owner.

-- The transaction that set a queue's state: a drain is not over while an older one is open, which
-- may still commit what was due before.
ALTER TABLE queue_states ADD COLUMN changed_in bigint NOT NULL DEFAULT 0;
GRANT UPDATE (changed_in) ON queue_states TO awgp_operator;

-- The relay ends a drain that is over: whoever asked for it waits for nothing.
CREATE POLICY relay_ends_drains ON queue_states FOR UPDATE
    TO awgp_relay USING (state = 'draining') WITH CHECK (state = 'paused');
GRANT UPDATE (state, changed_at, changed_by, reason, changed_in) ON queue_states TO awgp_relay;
CREATE POLICY relay_finds_the_holding ON tenants FOR SELECT
    TO awgp_relay USING (kind = 'holding');
GRANT SELECT (tenant_id, slug, kind, created_at) ON tenants TO awgp_relay;

-- How many processes of each kind are wanted. Like queue_states, the machine's and no tenant's.
CREATE TABLE wanted_processes (
    kind text PRIMARY KEY CHECK
        (kind IN ('policy', 'hold', 'execute', 'post_action', 'audit', 'export', 'relay')),
    number integer NOT NULL CHECK (number BETWEEN 0 AND 64),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT '' CHECK (length(changed_by) <= 200),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 500)
);
ALTER TABLE wanted_processes ENABLE ROW LEVEL SECURITY;
ALTER TABLE wanted_processes FORCE ROW LEVEL SECURITY;
REVOKE ALL ON wanted_processes FROM PUBLIC;
CREATE POLICY everybody_reads ON wanted_processes FOR SELECT
    TO awgp_web, awgp_relay, awgp_operator USING (true);
CREATE POLICY operator_adds ON wanted_processes FOR INSERT TO awgp_operator WITH CHECK (true);
CREATE POLICY operator_changes ON wanted_processes FOR UPDATE
    TO awgp_operator USING (true) WITH CHECK (true);
GRANT SELECT ON wanted_processes TO awgp_web, awgp_relay, awgp_operator;
GRANT INSERT ON wanted_processes TO awgp_operator;
GRANT UPDATE (number, changed_at, changed_by, reason) ON wanted_processes TO awgp_operator;

-- Roots of perfect subtrees of a tenant's log, 256^level entries each: what an inclusion proof needs
-- without reading the whole log. Worked out from the log when first needed, and never believed: a
-- proof is checked against the signed root before anybody sees it.
CREATE TABLE audit_tiles (
    tenant_id uuid NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 7),
    tile bigint NOT NULL CHECK (tile >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant_id, level, tile),
    FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
ALTER TABLE audit_tiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_tiles FORCE ROW LEVEL SECURITY;
REVOKE ALL ON audit_tiles FROM PUBLIC;
CREATE POLICY own_tenant ON audit_tiles TO awgp_owner, awgp_web
    USING (tenant_id = (SELECT current_setting('app.current_tenant')::uuid))
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
GRANT SELECT, INSERT, DELETE ON audit_tiles TO awgp_web;

-- "Export now" brings the tenant's own row of the schedule forward.
GRANT UPDATE (next_send_at, sends) ON due TO awgp_web;

-- The figures of queue_figures() over the rows whoever calls it may see: a tenant's own in a
-- transaction of that tenant.
CREATE FUNCTION own_queue_figures() RETURNS TABLE (
    tenant_id uuid,
    queue text,
    depth bigint,
    oldest_at timestamptz,
    leased bigint,
    retrying bigint,
    dead bigint
) LANGUAGE sql STABLE SET search_path = awgp, pg_temp AS $$
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
REVOKE ALL ON FUNCTION own_queue_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_queue_figures() TO awgp_web;

-- The holding looks into a tenant: dead letters, tiles, and the machine's queues.
DO $$
DECLARE
    name text;
    seen constant text := 'coalesce(tenant_id = (SELECT nullif(current_setting('
        '''app.current_tenant'', true), '''')::uuid), true)';
BEGIN
    FOREACH name IN ARRAY ARRAY['dead_letters', 'audit_tiles'] LOOP
        IF NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'awgp'
            AND p.tablename = name AND 'awgp_holding' = ANY (p.roles)) THEN
            EXECUTE format('CREATE POLICY holding ON %I FOR SELECT TO awgp_holding USING (%s)',
                name, seen);
        END IF;
        EXECUTE format('GRANT SELECT ON %I TO awgp_holding', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['queue_states', 'wanted_processes'] LOOP
        EXECUTE format('CREATE POLICY holding ON %I FOR SELECT TO awgp_holding USING (true)', name);
        EXECUTE format('GRANT SELECT ON %I TO awgp_holding', name);
    END LOOP;
END $$;
