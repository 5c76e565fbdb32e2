-- Several tenants' webhooks in one call, as its caller (no definer): the caller's grants hold, and
-- row security judges every statement by the one tenant that is set while it runs.

-- `items` has a member each of them's columns by name, `payloads` their bodies in the same order.
-- Returns the runs that were made. One is not made where its key is taken, or where its source, its
-- assistant or the very secret that verified it does not count any more.
CREATE FUNCTION accept_together(items jsonb, payloads bytea[], live_secrets int, patience text)
RETURNS SETOF uuid LANGUAGE plpgsql SET search_path = awgp, pg_temp AS $$
DECLARE
    item record;
BEGIN
    -- A plan made once serves every request alike.
    PERFORM set_config('lock_timeout', patience, true),
        set_config('plan_cache_mode', 'force_generic_plan', true);
    FOR item IN
        SELECT * FROM ROWS FROM (
            jsonb_to_recordset(items) AS (
                tenant uuid, source uuid, secret uuid, assistant uuid, scheme text, scope text,
                key text, request_digest text, run uuid, origin jsonb, traceparent text,
                content_type text, digest_key text, record jsonb, handoff uuid, stage text,
                grace interval),
            unnest(payloads)) AS each (tenant, source, secret, assistant, scheme, scope, key,
                request_digest, run, origin, traceparent, content_type, digest_key, record,
                handoff, stage, grace, payload)
    LOOP
        PERFORM set_config('app.current_tenant', item.tenant::text, true);
        INSERT INTO idempotency_keys (tenant_id, scope, key, request_digest, run_id)
        SELECT item.tenant, item.scope, item.key, decode(item.request_digest, 'hex'), item.run
        WHERE EXISTS (
            SELECT FROM sources s JOIN assistants a USING (tenant_id, assistant_id)
            WHERE s.tenant_id = item.tenant AND s.source_id = item.source AND s.kind = 'webhook'
                AND s.scheme = item.scheme AND s.assistant_id = item.assistant
                AND s.active AND a.active)
            AND item.secret IN (
                SELECT x.secret_id FROM source_secrets x
                WHERE x.tenant_id = item.tenant AND x.source_id = item.source
                    AND (x.expires_at IS NULL OR x.expires_at > clock_timestamp())
                ORDER BY x.created_at DESC, x.secret_id DESC LIMIT live_secrets)
        ON CONFLICT DO NOTHING;
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
REVOKE ALL ON FUNCTION accept_together(jsonb, bytea[], int, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accept_together(jsonb, bytea[], int, text) TO awgp_ingest;
