-- Notices: who is told what, and what became of it. Runs as awgp_owner.

-- Where a tenant wants to be told of things: a target of its own, or addresses and people by mail.
CREATE TABLE notice_channels (
    tenant_id uuid NOT NULL REFERENCES tenants,
    channel_id uuid NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    kind text NOT NULL CHECK (kind IN ('webhook', 'email')),
    target_id uuid,
    recipients jsonb NOT NULL DEFAULT '[]' CHECK
        (jsonb_typeof(recipients) = 'array' AND jsonb_array_length(recipients) <= 50),
    -- Whoever it is up to: who can still decide, or who asked and decided.
    to_people boolean NOT NULL DEFAULT false,
    events jsonb NOT NULL CHECK
        (jsonb_typeof(events) = 'array' AND jsonb_array_length(events) BETWEEN 1 AND 20),
    -- Names; an empty list is every rule, every assistant.
    rules jsonb NOT NULL DEFAULT '[]' CHECK
        (jsonb_typeof(rules) = 'array' AND jsonb_array_length(rules) <= 50),
    assistants jsonb NOT NULL DEFAULT '[]' CHECK
        (jsonb_typeof(assistants) = 'array' AND jsonb_array_length(assistants) <= 50),
    with_payload boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at timestamptz,
    PRIMARY KEY (tenant_id, channel_id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets,
    CONSTRAINT a_webhook_has_a_target CHECK ((kind = 'webhook') = (target_id IS NOT NULL)),
    CONSTRAINT mail_has_somebody CHECK
        (kind = 'webhook' AND recipients = '[]' AND NOT to_people
            OR kind = 'email' AND (to_people OR recipients <> '[]'))
);
CREATE UNIQUE INDEX notice_channels_name ON notice_channels (tenant_id, name)
    WHERE removed_at IS NULL;

-- One thing to tell one channel. `told` are the addresses that have it already.
CREATE TABLE notices (
    tenant_id uuid NOT NULL,
    notice_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    record_id uuid NOT NULL,
    event text NOT NULL,
    run_id uuid,
    approval_id uuid,
    status text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'delivered', 'given_up', 'nobody')),
    attempts integer NOT NULL DEFAULT 0,
    told jsonb NOT NULL DEFAULT '[]',
    last_error text CHECK (length(last_error) <= 500),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, notice_id),
    UNIQUE (tenant_id, channel_id, record_id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES notice_channels,
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals,
    CONSTRAINT what_is_over_has_an_end CHECK ((status = 'due') = (finished_at IS NULL))
);
CREATE INDEX notices_by_channel ON notices (tenant_id, channel_id, notice_id);

DO $$
DECLARE
    name text;
    mine constant text := 'tenant_id = (SELECT current_setting(''app.current_tenant'')::uuid)';
BEGIN
    FOREACH name IN ARRAY ARRAY['notice_channels', 'notices'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO awgp_owner, awgp_ingest, awgp_web,'
            ' awgp_worker, awgp_sealer, awgp_exporter, awgp_auditor USING (%s) WITH CHECK (%s)',
            name, mine, mine);
        EXECUTE format('CREATE POLICY definer ON %I TO awgp_definer USING (%s) WITH CHECK (%s)',
            name, mine, mine);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE (name, kind, target_id, recipients, to_people, events, rules,
    assistants, with_payload, active, changed_at, removed_at) ON notice_channels TO awgp_web;
GRANT SELECT, INSERT ON notices TO awgp_web;
GRANT SELECT ON notice_channels TO awgp_worker;
GRANT SELECT, UPDATE (status, attempts, told, last_error, finished_at) ON notices TO awgp_worker;

ALTER TABLE due DROP CONSTRAINT due_kind_check,
    ADD CONSTRAINT due_kind_check CHECK (kind IN ('hold.expire', 'hold.remind', 'hold.escalate',
        'hold.lapse', 'post_action.notice', 'audit.checkpoint', 'export.run'));

GRANT INSERT (tenant_id, notice_id, channel_id, record_id, event, run_id, approval_id)
    ON notices TO awgp_definer;
GRANT SELECT (tenant_id, channel_id, events, rules, assistants, active, removed_at)
    ON notice_channels TO awgp_definer;
GRANT INSERT (tenant_id, due_id, kind, subject_id, next_send_at) ON due TO awgp_definer;
CREATE POLICY definer_makes_notices_due ON due FOR INSERT TO awgp_definer WITH CHECK
    (tenant_id = (SELECT current_setting('app.current_tenant')::uuid)
        AND kind = 'post_action.notice');
GRANT SELECT (assistant_id) ON runs TO awgp_definer;
GRANT SELECT (tenant_id, assistant_id, name) ON assistants TO awgp_definer;
GRANT SELECT (tenant_id, approval_id, run_id, epoch, requirement) ON approvals TO awgp_definer;
-- A record is written in its tenant, so what is told of it is the tenant's own.
CREATE POLICY definer ON assistants FOR SELECT TO awgp_definer
    USING (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
CREATE POLICY definer ON approvals FOR SELECT TO awgp_definer
    USING (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));

-- What an audit action is to who wants to be told; null for what nobody is told of.
-- Every record that is written passes it: it reads nothing, and costs microseconds.
CREATE FUNCTION notice_event(action text) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = awgp, pg_temp AS $$
    SELECT CASE
        WHEN action = 'hold:approval:opened' THEN 'approval.opened'
        WHEN action = 'hold:approval:reminded' THEN 'approval.reminded'
        WHEN action = 'hold:approval:escalated' THEN 'approval.escalated'
        WHEN action = 'hold:run:approved' THEN 'approval.approved'
        WHEN action = 'hold:run:rejected' THEN 'approval.rejected'
        WHEN action IN ('hold:run:expired', 'execute:run:expired') THEN 'approval.expired'
        WHEN action IN ('hold:run:cancelled', 'execute:run:cancelled') THEN 'approval.cancelled'
        WHEN action = 'hold:glass:broken' THEN 'break_glass.used'
        WHEN action IN ('policy:run:failed', 'hold:run:failed', 'execute:run:failed',
            'post_action:run:failed') THEN 'run.failed'
    END
$$;

-- Whatever is recorded is told of in the same transaction, on every path that records it.
CREATE FUNCTION note_notices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
DECLARE
    tell constant text := notice_event(NEW.record ->> 'action');
    noted uuid := (NEW.record ->> 'id')::uuid;
    run uuid;
    approval uuid;
    made uuid;
    channel uuid;
BEGIN
    -- What a policy lets through without a person was nobody's decision.
    IF tell IS NULL OR NEW.record -> 'metadata' ? 'auto' THEN
        RETURN NULL;
    END IF;
    IF NEW.record -> 'resource' ->> 'type' = 'run' THEN
        run := (NEW.record -> 'resource' ->> 'id')::uuid;
    ELSE
        run := (NEW.record -> 'metadata' ->> 'run')::uuid;
    END IF;
    FOR channel IN
        SELECT c.channel_id FROM notice_channels c
        WHERE c.tenant_id = NEW.tenant_id AND c.active AND c.removed_at IS NULL
            AND c.events ? tell
    LOOP
        IF NEW.record -> 'resource' ->> 'type' = 'approval' THEN
            approval := (NEW.record -> 'resource' ->> 'id')::uuid;
        ELSE
            SELECT a.approval_id INTO approval FROM approvals a
            WHERE a.tenant_id = NEW.tenant_id AND a.run_id = run
            ORDER BY a.epoch DESC LIMIT 1;
        END IF;
        CONTINUE WHEN NOT notice_is_wanted(NEW.tenant_id, channel, run, approval);
        -- Ordered as the records are, whose ids begin with their time (RFC 9562, version 7).
        made := overlay(gen_random_uuid()::text placing left(noted::text, 15) from 1 for 15)::uuid;
        INSERT INTO notices (tenant_id, notice_id, channel_id, record_id, event, run_id, approval_id)
        VALUES (NEW.tenant_id, made, channel, noted, tell, run, approval);
        INSERT INTO due (tenant_id, due_id, kind, subject_id, next_send_at)
        VALUES (NEW.tenant_id, gen_random_uuid(), 'post_action.notice', made, clock_timestamp());
    END LOOP;
    RETURN NULL;
END $$;

-- Whether a channel's rules and assistants are among those this is about.
CREATE FUNCTION notice_is_wanted(tenant uuid, channel uuid, run uuid, approval uuid)
RETURNS boolean LANGUAGE sql STABLE SET search_path = awgp, pg_temp AS $$
    SELECT (c.assistants = '[]' OR EXISTS (
            SELECT 1 FROM runs r JOIN assistants a USING (tenant_id, assistant_id)
            WHERE r.tenant_id = tenant AND r.run_id = run AND c.assistants ? a.name))
        AND (c.rules = '[]' OR EXISTS (
            SELECT 1 FROM approvals a, jsonb_array_elements(a.requirement -> 'rules') AS rule
            WHERE a.tenant_id = tenant AND a.approval_id = approval
                AND c.rules ? (rule ->> 'name')))
    FROM notice_channels c WHERE c.tenant_id = tenant AND c.channel_id = channel
$$;
