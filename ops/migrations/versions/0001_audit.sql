-- Audit: pending records, the chain, its head, signed checkpoints, exported segments.
-- Runs as awgp_audit_owner, a role nobody logs in as and nobody is a member of.

CREATE TABLE audit_pending (
    tenant_id uuid NOT NULL,
    pending_id bigint GENERATED ALWAYS AS IDENTITY,
    record jsonb NOT NULL,
    PRIMARY KEY (tenant_id, pending_id),
    -- One that names another tenant could never be sealed and would stop this one's trail.
    CHECK (coalesce(record ->> 'tenant' = tenant_id::text, false))
);

CREATE TABLE audit_heads (
    tenant_id uuid PRIMARY KEY,
    sequence bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    tree_size bigint NOT NULL DEFAULT 0,
    frontier bytea NOT NULL DEFAULT '\x0000000000000000',
    sealed_at timestamptz,
    CHECK (tree_size = sequence)
);

-- `body` is the truth; the named columns are projections of it, checked equal by verification.
-- "timestamp" is the time of sealing, which never runs backwards; occurred_at may.
CREATE TABLE audit_log (
    id uuid NOT NULL,
    "timestamp" timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    actor_type text NOT NULL,
    actor_id text NOT NULL,
    action text NOT NULL,
    resource_type text NOT NULL,
    resource_id text NOT NULL,
    before_state jsonb,
    after_state jsonb,
    metadata jsonb NOT NULL,
    integrity_hash text NOT NULL CHECK (integrity_hash ~ '^[0-9a-f]{64}$'),
    sequence bigint NOT NULL CHECK (sequence > 0),
    body bytea NOT NULL,
    PRIMARY KEY (id, "timestamp"),
    UNIQUE (tenant_id, sequence, "timestamp")
) PARTITION BY RANGE ("timestamp");
CREATE INDEX audit_log_by_resource ON audit_log (tenant_id, resource_id, sequence);

CREATE TABLE audit_checkpoints (
    tenant_id uuid NOT NULL,
    checkpoint_id bigint GENERATED ALWAYS AS IDENTITY,
    tree_size bigint NOT NULL,
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, checkpoint_id)
);
CREATE INDEX ON audit_checkpoints (tenant_id, tree_size);

CREATE TABLE audit_segments (
    tenant_id uuid NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    manifest_key text NOT NULL,
    manifest_sha256 text NOT NULL,
    checkpoint_key text NOT NULL,
    locked_until timestamptz,
    -- Where the next segment begins: the chain and the tree after last_sequence.
    chain_hash bytea NOT NULL,
    frontier bytea NOT NULL,
    exported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, first_sequence),
    CHECK (last_sequence >= first_sequence)
);

-- Keys of personal envelopes. Erasing one (envelope = NULL) leaves the chain whole.
CREATE TABLE subject_keys (
    tenant_id uuid NOT NULL,
    key_id uuid NOT NULL,
    subject_ref text NOT NULL,
    envelope bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_at timestamptz,
    PRIMARY KEY (tenant_id, key_id),
    CHECK ((envelope IS NULL) = (erased_at IS NOT NULL))
);
CREATE UNIQUE INDEX subject_keys_live ON subject_keys (tenant_id, subject_ref)
    WHERE erased_at IS NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'AW006';
END $$;

CREATE FUNCTION check_head() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.sequence <> 0 OR NEW.frontier <> '\x0000000000000000' OR NEW.hash <> sha256(
            '\x617767702e61756469742e67656e657369732e763100'::bytea
            || convert_to(NEW.tenant_id::text, 'UTF8')) THEN
            RAISE EXCEPTION 'an audit head starts at its tenant''s genesis' USING ERRCODE = 'AW006';
        END IF;
    ELSIF NEW.sequence <= OLD.sequence OR NEW.tenant_id <> OLD.tenant_id THEN
        RAISE EXCEPTION 'an audit head only moves forward' USING ERRCODE = 'AW006';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER head_forward BEFORE INSERT OR UPDATE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION check_head();
CREATE TRIGGER head_kept BEFORE DELETE OR TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_log', 'audit_checkpoints', 'audit_segments'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END LOOP;
END $$;
CREATE TRIGGER pending_kept BEFORE UPDATE OR TRUNCATE ON audit_pending
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A month of the log: its own row security, triggers and no grants, so that no door opens beside
-- the parent's.
CREATE FUNCTION make_audit_partition(month date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := 'audit_log_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass('awgp.' || name) IS NOT NULL THEN
        RETURN name;
    END IF;
    -- Two at once: the second waits, then finds it made.
    PERFORM pg_advisory_xact_lock(hashtext('awgp audit partitions'));
    IF to_regclass('awgp.' || name) IS NOT NULL THEN
        RETURN name;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF audit_log FOR VALUES FROM (%L) TO (%L)', name,
        first::timestamp AT TIME ZONE 'UTC',
        (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    RETURN name;
END $$;

-- This month and the next three; called with every checkpoint and every export.
CREATE FUNCTION ensure_audit_partitions() RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
    SELECT make_audit_partition((clock_timestamp() AT TIME ZONE 'UTC' + make_interval(months => n))::date)
    FROM generate_series(0, 3) AS n
$$;
