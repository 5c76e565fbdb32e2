-- The holding limits what a subsidiary's senders may send together. Runs as awgp_owner.

-- As closing one (0003_setup.sql): awgp_web writes no row of `tenants`, it calls this function, in
-- the tenant that is set, and never for the holding itself.
GRANT SELECT (rate), UPDATE (rate) ON tenants TO awgp_definer;

-- One row, what its limit was; none where it is no open subsidiary. The row stays locked, so who
-- calls can still refuse a change of what was not seen.
CREATE FUNCTION limit_tenant(wanted jsonb) RETURNS TABLE (rate_before jsonb) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = awgp, pg_temp AS $$
DECLARE
    mine constant uuid := current_setting('app.current_tenant')::uuid;
BEGIN
    SELECT t.rate INTO rate_before FROM tenants t
    WHERE t.tenant_id = mine AND t.kind = 'subsidiary' AND t.closed_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE tenants SET rate = wanted WHERE tenant_id = mine;
    RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION limit_tenant(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION limit_tenant(jsonb) TO awgp_web;
RESET ROLE;
ALTER FUNCTION limit_tenant(jsonb) OWNER TO awgp_definer;
SET LOCAL ROLE awgp_owner;
