-- Targets: a header secret each, circuit breakers, places at a target, deliveries sent again.
-- Runs as awgp_owner.

-- The value of the header a receiver knows us by; the message is signed besides, by target_secrets.
CREATE TABLE target_header_secrets (
    tenant_id uuid NOT NULL,
    secret_id uuid NOT NULL,
    target_id uuid NOT NULL,
    key_id text NOT NULL,
    envelope bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, secret_id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets
);
CREATE INDEX ON target_header_secrets (tenant_id, target_id);

-- Switched off: by a receiver that said 410, or by a person. Deliveries to it wait.
ALTER TABLE targets ADD COLUMN disabled_at timestamptz,
    ADD COLUMN disabled_because text CHECK (length(disabled_because) <= 500),
    ADD CONSTRAINT who_is_disabled_knows_why
        CHECK ((disabled_at IS NULL) = (disabled_because IS NULL));

-- What all workers know of how a target fares (pipeline/circuit.py). A target without a row fares well.
CREATE TABLE target_circuits (
    tenant_id uuid NOT NULL,
    target_id uuid NOT NULL,
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    openings integer NOT NULL DEFAULT 0 CHECK (openings >= 0),
    open_until timestamptz,
    probe_until timestamptz,
    last_error text CHECK (length(last_error) <= 500),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, target_id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets,
    CHECK ((openings = 0) = (open_until IS NULL)),
    CHECK (probe_until IS NULL OR open_until IS NOT NULL)
);

-- Places at a target that takes so many at once. A place whose holder died is free after a while.
CREATE TABLE target_places (
    tenant_id uuid NOT NULL,
    target_id uuid NOT NULL,
    place smallint NOT NULL CHECK (place BETWEEN 0 AND 99),
    holder uuid,
    taken_until timestamptz,
    PRIMARY KEY (tenant_id, target_id, place),
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets,
    CHECK ((holder IS NULL) = (taken_until IS NULL))
);

-- Which target a handoff was given back for, without an attempt; woken when that one takes again.
ALTER TABLE handoffs ADD COLUMN waits_for uuid;
CREATE INDEX handoffs_waiting ON handoffs (tenant_id, waits_for, not_before)
    WHERE waits_for IS NOT NULL;

-- A delivery that a person asked for: one that was made before, again, or a test.
CREATE TABLE resendings (
    tenant_id uuid NOT NULL,
    resending_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('replay', 'test')),
    target_id uuid NOT NULL,
    target_version integer NOT NULL,
    run_id uuid,
    epoch integer,
    position smallint,
    -- What a test sends, byte for byte as it was shown.
    body bytea CHECK (octet_length(body) <= 1048576),
    status text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    status_code integer,
    response bytea CHECK (octet_length(response) <= 65536),
    last_error text CHECK (length(last_error) <= 500),
    duration_ms integer,
    asked_by text NOT NULL CHECK (length(asked_by) <= 200),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, resending_id),
    FOREIGN KEY (tenant_id, target_id, target_version) REFERENCES target_versions,
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    CONSTRAINT a_replay_has_a_place CHECK
        ((kind = 'replay') = (run_id IS NOT NULL AND epoch IS NOT NULL AND position IS NOT NULL)),
    CONSTRAINT a_test_has_a_body CHECK ((kind = 'test') = (body IS NOT NULL)),
    CONSTRAINT what_is_over_has_an_end CHECK ((status = 'due') = (finished_at IS NULL))
);
-- A place is sent to again once at a time.
CREATE UNIQUE INDEX resendings_due ON resendings (tenant_id, run_id, epoch, position)
    WHERE status = 'due' AND kind = 'replay';
CREATE INDEX resendings_by_target ON resendings (tenant_id, target_id, resending_id);

-- Not looked for in the rows there are: it is null in all of them, and the look has no tenant.
ALTER TABLE deliveries ADD COLUMN resending_id uuid,
    ADD CONSTRAINT deliveries_resending_fkey
        FOREIGN KEY (tenant_id, resending_id) REFERENCES resendings NOT VALID;

DO $$
DECLARE
    name text;
    mine constant text := 'tenant_id = (SELECT current_setting(''app.current_tenant'')::uuid)';
BEGIN
    FOREACH name IN ARRAY ARRAY['target_header_secrets', 'target_circuits', 'target_places',
        'resendings']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO awgp_owner, awgp_web, awgp_worker'
            ' USING (%s) WITH CHECK (%s)', name, mine, mine);
    END LOOP;
END $$;

GRANT SELECT (tenant_id, secret_id, target_id, key_id, created_at), INSERT, DELETE
    ON target_header_secrets TO awgp_web;
GRANT SELECT ON target_header_secrets TO awgp_worker;
GRANT UPDATE (disabled_at, disabled_because) ON targets TO awgp_web, awgp_worker;
GRANT SELECT, UPDATE (failures, openings, open_until, probe_until, last_error, changed_at)
    ON target_circuits TO awgp_web;
GRANT SELECT, INSERT, UPDATE (failures, openings, open_until, probe_until, last_error, changed_at)
    ON target_circuits TO awgp_worker;
GRANT SELECT, INSERT, UPDATE (holder, taken_until) ON target_places TO awgp_worker;
GRANT UPDATE (waits_for, sends) ON handoffs TO awgp_worker;
GRANT SELECT, INSERT ON resendings TO awgp_web;
GRANT SELECT, INSERT, UPDATE (status, attempts, status_code, response, last_error, duration_ms,
    finished_at) ON resendings TO awgp_worker;
