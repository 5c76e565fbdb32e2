-- What people set up and edit in the control plane. Runs as awgp_owner.

-- Which root file system a runtime is, as the last machine that built one said it: the web process
-- sees no runtime folder. A fact of the machine, nothing of a tenant's.
GRANT SELECT (tenant_id, runtime_name, runtime_digest, created_at)
    ON assistant_versions TO awgp_definer;
CREATE POLICY definer ON assistant_versions FOR SELECT TO awgp_definer USING (true);
CREATE FUNCTION known_runtime(wanted text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
    SELECT v.runtime_digest FROM assistant_versions v WHERE v.runtime_name = wanted
    GROUP BY v.runtime_digest ORDER BY min(v.created_at) DESC LIMIT 1
$$;

-- What the edge turned away from a source: counts for ever, the last few with their time, never
-- anything of a request's content. Written a moment later and together, not while a sender waits.
CREATE TABLE source_refusals (
    tenant_id uuid NOT NULL,
    source_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z-]{0,62}$'),
    refused bigint NOT NULL CHECK (refused > 0),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    -- [{at, hint}, ...], newest first.
    recent jsonb NOT NULL CHECK (jsonb_typeof(recent) = 'array' AND jsonb_array_length(recent) <= 20),
    PRIMARY KEY (tenant_id, source_id, kind),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources
);
ALTER TABLE source_refusals ENABLE ROW LEVEL SECURITY;
ALTER TABLE source_refusals FORCE ROW LEVEL SECURITY;
REVOKE ALL ON source_refusals FROM PUBLIC;
CREATE POLICY own_tenant ON source_refusals TO awgp_owner, awgp_ingest, awgp_web
    USING (tenant_id = (SELECT current_setting('app.current_tenant')::uuid))
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
GRANT SELECT, INSERT, UPDATE (refused, last_at, recent) ON source_refusals TO awgp_ingest;
GRANT SELECT ON source_refusals TO awgp_web;

-- Which of its secrets a sender still signs with; to the minute, and not while it waits either.
ALTER TABLE source_secrets ADD COLUMN last_used_at timestamptz;
GRANT UPDATE (last_used_at) ON source_secrets TO awgp_ingest;
GRANT SELECT (last_used_at) ON source_secrets TO awgp_web;

-- A target's health is told by the last deliveries to it.
CREATE INDEX deliveries_by_target ON deliveries (tenant_id, target_id, attempted_at);

-- The holding makes subsidiaries and closes them from the control plane: these two steps are all
-- that awgp_web can do of it, in the tenant that is set, and never to the holding itself. Both run
-- as awgp_definer, who may insert a subsidiary and its audit head, and set closed_at.
GRANT SELECT (kind, closed_at), INSERT (tenant_id, slug, name, kind), UPDATE (closed_at)
    ON tenants TO awgp_definer;
CREATE POLICY definer_opens ON tenants FOR INSERT TO awgp_definer
    WITH CHECK (kind = 'subsidiary'
        AND tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
CREATE POLICY definer_closes ON tenants FOR UPDATE TO awgp_definer
    USING (kind = 'subsidiary'
        AND tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
CREATE FUNCTION open_tenant(wanted text, called text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = awgp, pg_temp AS $$
DECLARE
    new_id constant uuid := current_setting('app.current_tenant')::uuid;
BEGIN
    INSERT INTO tenants (tenant_id, slug, name, kind) VALUES (new_id, wanted, called, 'subsidiary');
    INSERT INTO audit_heads (tenant_id, hash) VALUES (new_id, sha256(
        '\x617767702e61756469742e67656e657369732e763100'::bytea
        || convert_to(new_id::text, 'UTF8')));
END $$;

-- How many runs are not over yet: the tenant is closed where none is; NULL where it is no open
-- subsidiary.
CREATE FUNCTION close_tenant() RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = awgp, pg_temp AS $$
DECLARE
    mine constant uuid := current_setting('app.current_tenant')::uuid;
    waiting bigint;
BEGIN
    -- Waits for requests that are being accepted this moment: each holds its tenant's row.
    PERFORM FROM tenants t WHERE t.tenant_id = mine AND t.kind = 'subsidiary'
        AND t.closed_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO waiting FROM runs r WHERE r.tenant_id = mine AND r.sealed_at IS NULL;
    IF waiting = 0 THEN
        UPDATE tenants SET closed_at = clock_timestamp() WHERE tenant_id = mine;
    END IF;
    RETURN waiting;
END $$;
