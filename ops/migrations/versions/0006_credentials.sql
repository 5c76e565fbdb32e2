-- What gateways put into agents' requests, which the agents never see. Runs as awgp_owner.
CREATE TABLE credentials (
    tenant_id uuid NOT NULL REFERENCES tenants,
    credential_id uuid NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    header text NOT NULL CHECK (length(header) BETWEEN 1 AND 128),
    key_id text NOT NULL,
    envelope bytea NOT NULL,
    saved_by_person_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, credential_id),
    UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, saved_by_person_id) REFERENCES persons
);

DO $$
DECLARE
    mine constant text := 'tenant_id = (SELECT current_setting(''app.current_tenant'')::uuid)';
BEGIN
    ALTER TABLE credentials ENABLE ROW LEVEL SECURITY;
    ALTER TABLE credentials FORCE ROW LEVEL SECURITY;
    REVOKE ALL ON credentials FROM PUBLIC;
    EXECUTE format('CREATE POLICY own_tenant ON credentials TO awgp_owner, awgp_web, awgp_worker'
        ' USING (%s) WITH CHECK (%s)', mine, mine);
END $$;

GRANT SELECT (tenant_id, credential_id, name, header, key_id, saved_by_person_id, created_at),
    INSERT, DELETE ON credentials TO awgp_web;
GRANT SELECT ON credentials TO awgp_worker;
