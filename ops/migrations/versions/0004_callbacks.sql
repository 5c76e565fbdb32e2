-- Callbacks: a sender is told how its run ended, where it asked to be. Runs as awgp_owner.

-- Where a source's senders may be called back, and with which target's secret that is signed: a list
-- of {"url", "target"} (pipeline/callback.py). A change raises scheme_version, as a mapping's does.
ALTER TABLE sources ADD COLUMN callbacks jsonb NOT NULL DEFAULT '[]'
    CHECK (jsonb_typeof(callbacks) = 'array');
GRANT UPDATE (callbacks) ON sources TO awgp_web;

-- What a sender asked for stands in its run's origin; a row is made when the run's end is sealed. A
-- run that is replayed ends again, in another epoch, and is told of again.
CREATE TABLE run_callbacks (
    tenant_id uuid NOT NULL,
    callback_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    target_id uuid NOT NULL,
    url text NOT NULL CHECK (length(url) <= 2048),
    outcome text NOT NULL,
    reason text,
    status text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'delivered', 'given_up')),
    attempts integer NOT NULL DEFAULT 0,
    status_code integer,
    last_error text CHECK (length(last_error) <= 500),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, callback_id),
    UNIQUE (tenant_id, run_id, epoch),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets,
    CONSTRAINT what_is_over_has_an_end CHECK ((status = 'due') = (finished_at IS NULL))
);
ALTER TABLE run_callbacks ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_callbacks FORCE ROW LEVEL SECURITY;
REVOKE ALL ON run_callbacks FROM PUBLIC;
CREATE POLICY own_tenant ON run_callbacks TO awgp_owner, awgp_web, awgp_worker
    USING (tenant_id = (SELECT current_setting('app.current_tenant')::uuid))
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
CREATE POLICY definer_calls_back ON run_callbacks FOR INSERT TO awgp_definer
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid));
CREATE POLICY definer_makes_callbacks_due ON due FOR INSERT TO awgp_definer
    WITH CHECK (tenant_id = (SELECT current_setting('app.current_tenant')::uuid)
        AND kind = 'post_action.callback');
GRANT INSERT (tenant_id, callback_id, run_id, epoch, target_id, url, outcome, reason)
    ON run_callbacks TO awgp_definer;
GRANT SELECT ON run_callbacks TO awgp_web;
GRANT SELECT, UPDATE (status, attempts, status_code, last_error, finished_at)
    ON run_callbacks TO awgp_worker;

-- In the transaction that seals a run's end; of runs nobody waits for, it is not even called.
CREATE FUNCTION call_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
DECLARE
    made constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO run_callbacks (tenant_id, callback_id, run_id, epoch, target_id, url, outcome,
        reason)
    VALUES (NEW.tenant_id, made, NEW.run_id, NEW.epoch,
        (NEW.origin -> 'callback' ->> 'target')::uuid, NEW.origin -> 'callback' ->> 'url',
        NEW.status, NEW.reason);
    INSERT INTO due (tenant_id, due_id, kind, subject_id, next_send_at)
    VALUES (NEW.tenant_id, gen_random_uuid(), 'post_action.callback', made, clock_timestamp());
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION call_back() FROM PUBLIC;
CREATE TRIGGER run_calls_back AFTER UPDATE OF sealed_at ON runs FOR EACH ROW
    WHEN (OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND NEW.origin ? 'callback')
    EXECUTE FUNCTION call_back();
RESET ROLE;
ALTER FUNCTION call_back() OWNER TO awgp_definer;
SET LOCAL ROLE awgp_owner;
