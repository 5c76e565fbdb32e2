-- Schedules: sources that send by the clock. Runs as awgp_owner.

-- What a source of kind 'cron' sends, and when. Its next tick is also a row of `due`, later by the
-- tick's own jitter; both move in the transaction that makes the tick's run. A change makes another
-- row due, so that it waits for no worker that holds the one before, which then counts no more.
CREATE TABLE schedules (
    tenant_id uuid NOT NULL,
    source_id uuid NOT NULL,
    expression text NOT NULL CHECK (length(expression) BETWEEN 9 AND 200),
    zone text NOT NULL CHECK (length(zone) BETWEEN 1 AND 64),
    jitter_seconds integer NOT NULL CHECK (jitter_seconds BETWEEN 0 AND 3600),
    missed text NOT NULL CHECK (missed IN ('skip', 'once', 'all')),
    payload jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    next_tick timestamptz NOT NULL,
    due_id uuid NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by_person_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, source_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources,
    FOREIGN KEY (tenant_id, changed_by_person_id) REFERENCES persons
);
ALTER TABLE schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedules FORCE ROW LEVEL SECURITY;
REVOKE ALL ON schedules FROM PUBLIC;
CREATE POLICY own_tenant ON schedules TO awgp_owner, awgp_ingest, awgp_web, awgp_worker,
    awgp_sealer, awgp_exporter, awgp_auditor
    USING (tenant_id = (SELECT current_setting('app.current_tenant')::uuid))
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
GRANT SELECT, INSERT, UPDATE (expression, zone, jitter_seconds, missed, payload, next_tick,
    due_id, changed_at, changed_by_person_id) ON schedules TO awgp_web;
GRANT SELECT, UPDATE (next_tick) ON schedules TO awgp_worker;

GRANT SELECT (kind, active, removed_at, assistant_id) ON sources TO awgp_definer;
GRANT INSERT (tenant_id, scope, key, request_digest, run_id) ON idempotency_keys TO awgp_definer;
GRANT INSERT (tenant_id, run_id, assistant_id, source_id, requester_kind, origin) ON runs
    TO awgp_definer;
GRANT INSERT (tenant_id, run_id, epoch, content_type, payload, digest_key) ON run_payloads
    TO awgp_definer;
CREATE POLICY definer_brings_ticks ON idempotency_keys AS RESTRICTIVE FOR INSERT TO awgp_definer
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
CREATE POLICY definer_brings_ticks ON runs FOR INSERT TO awgp_definer WITH CHECK
    (tenant_id = (SELECT current_setting('app.current_tenant')::uuid)
        AND requester_kind = 'source' AND origin ->> 'kind' = 'schedule');
CREATE POLICY definer_brings_ticks ON run_payloads FOR INSERT TO awgp_definer WITH CHECK
    (tenant_id = (SELECT current_setting('app.current_tenant')::uuid)
        AND epoch = 1 AND editor_person_id IS NULL);

-- A worker makes runs of ticks and of nothing else. Returns the assistant; null where the source
-- does not send, or the tick has its run already: its key is the tick itself.
CREATE FUNCTION accept_tick(source uuid, tick timestamptz, run uuid, payload bytea,
    digest_key bytea) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
DECLARE
    tenant constant uuid := current_setting('app.current_tenant')::uuid;
    event constant text := to_char(tick AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
    assistant uuid;
BEGIN
    SELECT s.assistant_id INTO assistant FROM sources s
    WHERE s.tenant_id = tenant AND s.source_id = source AND s.kind = 'cron' AND s.active
        AND s.removed_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO idempotency_keys (tenant_id, scope, key, request_digest, run_id)
    VALUES (tenant, 'source:' || source, event, sha256(payload), run) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO runs (tenant_id, run_id, assistant_id, source_id, requester_kind, origin)
    VALUES (tenant, run, assistant, source, 'source',
        jsonb_build_object('kind', 'schedule', 'event', event));
    INSERT INTO run_payloads (tenant_id, run_id, epoch, content_type, payload, digest_key)
    VALUES (tenant, run, 1, 'application/json', payload, digest_key);
    RETURN assistant;
END $$;
REVOKE ALL ON FUNCTION accept_tick(uuid, timestamptz, uuid, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accept_tick(uuid, timestamptz, uuid, bytea, bytea) TO awgp_worker;
RESET ROLE;
ALTER FUNCTION accept_tick(uuid, timestamptz, uuid, bytea, bytea) OWNER TO awgp_definer;
SET LOCAL ROLE awgp_owner;
