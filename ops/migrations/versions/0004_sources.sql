-- Sources: their schemes, secrets in rotation, limits.

-- How a source proves itself, besides by its secrets. `scheme_version` grows at each change, so that
-- what an edge remembers of it opens nothing afterwards; who changed it last may not vote on what it
-- sends. `proof` is 'identity' where someone else vouches (an issuer, a proxy) and there are no
-- secrets. `unsigned_at` is the switch that lets anything in, with who threw it and why.
-- A foreign key on a table that is there is checked as its owner, who sees nothing while forced.
ALTER TABLE sources NO FORCE ROW LEVEL SECURITY;
ALTER TABLE persons NO FORCE ROW LEVEL SECURITY;
ALTER TABLE sources
    ADD COLUMN scheme_settings jsonb NOT NULL DEFAULT '{}'
        CHECK (jsonb_typeof(scheme_settings) = 'object'),
    ADD COLUMN scheme_version integer NOT NULL DEFAULT 1 CHECK (scheme_version > 0),
    ADD COLUMN scheme_changed_by_person_id uuid,
    ADD COLUMN proof text NOT NULL DEFAULT 'secret' CHECK (proof IN ('secret', 'identity')),
    ADD COLUMN unsigned_at timestamptz,
    ADD COLUMN unsigned_reason text CHECK (length(unsigned_reason) BETWEEN 1 AND 500),
    ADD COLUMN unsigned_by_person_id uuid,
    ADD FOREIGN KEY (tenant_id, scheme_changed_by_person_id) REFERENCES persons,
    ADD FOREIGN KEY (tenant_id, unsigned_by_person_id) REFERENCES persons,
    ADD CHECK ((unsigned_at IS NULL) = (unsigned_reason IS NULL)
        AND (unsigned_at IS NULL) = (unsigned_by_person_id IS NULL));
ALTER TABLE sources FORCE ROW LEVEL SECURITY;
ALTER TABLE persons FORCE ROW LEVEL SECURITY;
GRANT UPDATE (scheme_settings, scheme_version, scheme_changed_by_person_id, unsigned_at,
    unsigned_reason, unsigned_by_person_id) ON sources TO awgp_web;

-- As before (0002_accept.sql), and: a request may name no event, and then takes no key; one without
-- a secret counts where the source needs none; and the source's scheme must be as it was verified.
-- Code that does not know of versions says none, which is the first.
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
                AND s.scheme = item.scheme AND s.assistant_id = item.assistant
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
