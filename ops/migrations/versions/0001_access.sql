-- Who may touch what. Row security is forced on every table, also for its owner; each policy names
-- its roles; the tenant comes from app.current_tenant, and a session without one sees an error.

DO $$
DECLARE
    name text;
    tenant_bound constant text := 'awgp_owner, awgp_ingest, awgp_web, awgp_worker, awgp_sealer, '
        'awgp_exporter, awgp_auditor';
    mine constant text := 'tenant_id = (SELECT current_setting(''app.current_tenant'')::uuid)';
BEGIN
    FOR name IN SELECT relname FROM pg_class
        WHERE relnamespace = 'awgp'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND relowner = current_user::regrole
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
        IF name IN ('handoffs', 'due') THEN
            -- The relay looks for what is overdue in every tenant, in these two tables alone.
            EXECUTE format('CREATE POLICY relay ON %I TO awgp_relay USING (true)', name);
        END IF;
        EXECUTE format('CREATE POLICY own_tenant ON %I TO %s USING (%s) WITH CHECK (%s)',
            name, tenant_bound, mine, mine);
        IF name IN ('tenants', 'assistants', 'runs', 'approvals', 'votes', 'audit_log',
                    'audit_heads', 'audit_checkpoints', 'audit_segments') THEN
            EXECUTE format('CREATE POLICY holding ON %I FOR SELECT TO awgp_holding USING (true)', name);
            EXECUTE format('GRANT SELECT ON %I TO awgp_holding', name);
        END IF;
    END LOOP;
END $$;
