-- Mappings: what a source takes, and what becomes of it. Limits. Runs as awgp_owner.

-- `intake` is what a source takes (pipeline/intake.py), `mapping` what its events become
-- (pipeline/mapping.py). Whoever changed one last may not vote on what the source sends. Both raise
-- scheme_version, so that what an edge remembers of the source opens nothing afterwards.
ALTER TABLE sources NO FORCE ROW LEVEL SECURITY;
ALTER TABLE persons NO FORCE ROW LEVEL SECURITY;
ALTER TABLE sources
    ADD COLUMN intake jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(intake) = 'object'),
    ADD COLUMN mapping jsonb CHECK (jsonb_typeof(mapping) = 'object'),
    ADD COLUMN mapping_changed_at timestamptz,
    ADD COLUMN mapping_changed_by_person_id uuid,
    ADD FOREIGN KEY (tenant_id, mapping_changed_by_person_id) REFERENCES persons,
    ADD CHECK ((mapping_changed_at IS NULL) = (mapping_changed_by_person_id IS NULL));
ALTER TABLE sources FORCE ROW LEVEL SECURITY;
ALTER TABLE persons FORCE ROW LEVEL SECURITY;
GRANT UPDATE (intake, mapping, mapping_changed_at, mapping_changed_by_person_id)
    ON sources TO awgp_web;

-- How many requests a tenant's senders may send in all; the edge's own limit where it is null.
ALTER TABLE tenants ADD COLUMN rate jsonb CHECK (jsonb_typeof(rate) = 'object');

-- As before (0002_accept.sql), and: a request may name no event, and then takes no key; one without
-- a secret counts where the source needs none; the source's scheme must be as it was verified (code
-- that does not know of versions says none, which is the first); and a source's mapping may have
-- chosen another assistant, of the same tenant and active.
CREATE OR REPLACE FUNCTION accept_together(items jsonb, payloads bytea[], live_secrets int,
    patience text) RETURNS SETOF uuid LANGUAGE plpgsql SET search_path = awgp, pg_temp AS $$
DECLARE
    item record;
    taken boolean;
BEGIN
    -- A plan made once serves every request alike.
    PERFORM set_config('lock_timeout', patience, true),
        set_config('plan_cache_mode', 'force_generic_plan', true);
    FOR item IN
        SELECT * FROM ROWS FROM (
            jsonb_to_recordset(items) AS (
                tenant uuid, source uuid, secret uuid, assistant uuid, scheme text,
                scheme_version int, scope text, key text, request_digest text, run uuid,
                origin jsonb, traceparent text, content_type text, digest_key text, record jsonb,
                handoff uuid, stage text, grace interval),
            unnest(payloads)) AS each (tenant, source, secret, assistant, scheme, scheme_version,
                scope, key, request_digest, run, origin, traceparent, content_type, digest_key,
                record, handoff, stage, grace, payload)
    LOOP
        PERFORM set_config('app.current_tenant', item.tenant::text, true);
        WITH counts AS (
            SELECT FROM sources s JOIN assistants a USING (tenant_id, assistant_id)
            WHERE s.tenant_id = item.tenant AND s.source_id = item.source AND s.kind = 'webhook'
                AND s.scheme = item.scheme
                AND (s.assistant_id = item.assistant OR s.mapping IS NOT NULL AND EXISTS (
                    SELECT FROM assistants m WHERE m.tenant_id = item.tenant
                        AND m.assistant_id = item.assistant AND m.active))
                AND s.scheme_version = coalesce(item.scheme_version, 1)
                AND s.active AND a.active
                AND CASE WHEN item.secret IS NULL
                    THEN s.proof = 'identity' OR s.unsigned_at IS NOT NULL
                    ELSE item.secret IN (
                        SELECT x.secret_id FROM source_secrets x
                        WHERE x.tenant_id = item.tenant AND x.source_id = item.source
                            AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())
                        ORDER BY x.created_at DESC, x.secret_id DESC LIMIT live_secrets) END),
        claimed AS (
            INSERT INTO idempotency_keys (tenant_id, scope, key, request_digest, run_id)
            SELECT item.tenant, item.scope, item.key, decode(item.request_digest, 'hex'), item.run
            FROM counts WHERE item.key IS NOT NULL
            ON CONFLICT DO NOTHING RETURNING true)
        SELECT true INTO taken FROM claimed
        UNION ALL SELECT true FROM counts WHERE item.key IS NULL;
        CONTINUE WHEN NOT FOUND;
        INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind, origin,
            traceparent)
        VALUES (item.tenant, item.run, item.assistant, item.source, 'source', item.origin,
            item.traceparent);
        -- It may have waited for the tenant's closing.
        PERFORM FROM tenants t WHERE t.tenant_id = item.tenant AND t.closed_at IS NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the tenant is closed';
        END IF;
        INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)
        VALUES (item.tenant, item.run, 1, item.content_type, item.payload,
            decode(item.digest_key, 'hex'));
        INSERT INTO audit_pending (tenant_id, record) VALUES (item.tenant, item.record);
        INSERT INTO handoffs (tenant_id, handoff_id, run_id, epoch, stage, next_send_at,
            traceparent)
        VALUES (item.tenant, item.handoff, item.run, 1, item.stage,
            clock_timestamp() + item.grace, item.traceparent);
        RETURN NEXT item.run;
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    -- Who calls sets this tenant aside, and no other for its sake.
    RAISE EXCEPTION 'a row of this tenant''s is locked'
        USING ERRCODE = 'lock_not_available', DETAIL = item.tenant::text;
END $$;
