-- The holding visits a tenant: who of it acts there, why and until when. Runs as awgp_owner.
-- What it may look at is granted last, over all tables: 0003_holding_reads.sql.

CREATE TABLE visits (
    tenant_id uuid NOT NULL REFERENCES tenants,
    visit_id uuid NOT NULL,
    person_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(btrim(reason)) BETWEEN 1 AND 2000),
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, visit_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES persons (tenant_id, person_id),
    -- An hour and the moment between two looks at the clock.
    CHECK (until > begun_at AND until <= begun_at + interval '61 minutes'),
    CHECK (ended_at >= begun_at)
);
-- One that has lapsed is ended before the next begins.
CREATE UNIQUE INDEX visits_one_each ON visits (tenant_id, person_id) WHERE ended_at IS NULL;

ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON visits TO awgp_owner, awgp_ingest, awgp_web, awgp_worker, awgp_sealer,
    awgp_exporter, awgp_auditor
    USING (tenant_id = (SELECT current_setting('app.current_tenant')::uuid))
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
GRANT SELECT, INSERT (tenant_id, visit_id, person_id, reason, until), UPDATE (ended_at) ON visits
    TO awgp_web;
