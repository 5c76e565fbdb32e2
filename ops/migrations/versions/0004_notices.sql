-- How long notices are kept. Runs as awgp_owner.

-- What is over is found by when it ended; what is due is few.
CREATE INDEX notices_over ON notices (finished_at) WHERE finished_at IS NOT NULL;

-- Until now awgp_definer made notices in the tenant of the transaction and did nothing else to them.
-- It goes on to; and it forgets those that are over, in every tenant.
DROP POLICY definer ON notices;
CREATE POLICY definer_tells ON notices FOR INSERT TO awgp_definer
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
CREATE POLICY definer_finds_what_is_over ON notices FOR SELECT TO awgp_definer
    USING (finished_at IS NOT NULL);
CREATE POLICY definer_forgets ON notices FOR DELETE TO awgp_definer
    USING (finished_at IS NOT NULL);
GRANT SELECT (finished_at), DELETE ON notices TO awgp_definer;

-- What was told is in the trail for ever; who was told it, and how often it was tried, is not needed
-- for ever, and addresses stand in it. A day at the least: somebody looks into what went wrong.
CREATE FUNCTION forget_notices(kept interval) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
    WITH gone AS (
        DELETE FROM notices
        WHERE finished_at < clock_timestamp() - greatest(kept, interval '1 day')
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION forget_notices(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_notices(interval) TO awgp_relay;
RESET ROLE;
ALTER FUNCTION forget_notices(interval) OWNER TO awgp_definer;
SET LOCAL ROLE awgp_owner;
