-- How long callbacks are kept. Runs as awgp_owner.

-- What is over is found by when it ended; what is due is few.
CREATE INDEX run_callbacks_over ON run_callbacks (finished_at) WHERE finished_at IS NOT NULL;

-- awgp_definer makes callbacks in the tenant of the transaction; and it forgets those that are over,
-- in every tenant, of which it sees no more than that.
CREATE POLICY definer_finds_what_is_over ON run_callbacks FOR SELECT TO awgp_definer
    USING (finished_at IS NOT NULL);
CREATE POLICY definer_forgets ON run_callbacks FOR DELETE TO awgp_definer
    USING (finished_at IS NOT NULL);
GRANT SELECT (finished_at), DELETE ON run_callbacks TO awgp_definer;

-- Each attempt is in the trail for ever; the address it went to is not needed for ever.
CREATE FUNCTION forget_callbacks(kept interval) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
    WITH gone AS (
        DELETE FROM run_callbacks
        WHERE finished_at < clock_timestamp() - greatest(kept, interval '1 day')
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION forget_callbacks(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_callbacks(interval) TO awgp_relay;
RESET ROLE;
ALTER FUNCTION forget_callbacks(interval) OWNER TO awgp_definer;
SET LOCAL ROLE awgp_owner;
