-- Every table carries tenant_id; every key and foreign key is led by it.

CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,38}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('holding', 'subsidiary')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE persons (
    tenant_id uuid NOT NULL REFERENCES tenants,
    person_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('human', 'client')),
    issuer text NOT NULL,
    subject text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, person_id),
    UNIQUE (tenant_id, issuer, subject)
);

CREATE TABLE bundles (
    tenant_id uuid NOT NULL REFERENCES tenants,
    digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    manifest jsonb NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) <= 16777216),
    author_person_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, digest),
    FOREIGN KEY (tenant_id, author_person_id) REFERENCES persons,
    CHECK (digest = 'sha256:' || encode(sha256(content), 'hex'))
);

CREATE TABLE targets (
    tenant_id uuid NOT NULL REFERENCES tenants,
    target_id uuid NOT NULL,
    name text NOT NULL,
    current_version integer NOT NULL DEFAULT 1 CHECK (current_version > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, target_id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE target_versions (
    tenant_id uuid NOT NULL,
    target_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    url text NOT NULL,
    template text NOT NULL DEFAULT '',
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, target_id, version),
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets
);
ALTER TABLE targets ADD CONSTRAINT targets_current_version_fkey
    FOREIGN KEY (tenant_id, target_id, current_version) REFERENCES target_versions
    DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE target_secrets (
    tenant_id uuid NOT NULL,
    secret_id uuid NOT NULL,
    target_id uuid NOT NULL,
    key_id text NOT NULL,
    envelope bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, secret_id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets ON DELETE CASCADE
);
CREATE INDEX ON target_secrets (tenant_id, target_id);

CREATE TABLE assistants (
    tenant_id uuid NOT NULL REFERENCES tenants,
    assistant_id uuid NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    current_version integer NOT NULL DEFAULT 1 CHECK (current_version > 0),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, assistant_id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE assistant_versions (
    tenant_id uuid NOT NULL,
    assistant_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    bundle_digest text NOT NULL,
    runtime_name text NOT NULL,
    runtime_digest text NOT NULL,
    configuration jsonb NOT NULL DEFAULT '{}',
    sandbox_policy jsonb NOT NULL DEFAULT '{}',
    author_person_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, assistant_id, version),
    FOREIGN KEY (tenant_id, assistant_id) REFERENCES assistants,
    FOREIGN KEY (tenant_id, bundle_digest) REFERENCES bundles,
    FOREIGN KEY (tenant_id, author_person_id) REFERENCES persons
);
ALTER TABLE assistants ADD CONSTRAINT assistants_current_version_fkey
    FOREIGN KEY (tenant_id, assistant_id, current_version) REFERENCES assistant_versions
    DEFERRABLE INITIALLY DEFERRED;

-- The ordered post-actions of an assistant version.
CREATE TABLE assistant_targets (
    tenant_id uuid NOT NULL,
    assistant_id uuid NOT NULL,
    version integer NOT NULL,
    position smallint NOT NULL CHECK (position >= 0),
    target_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, assistant_id, version, position),
    FOREIGN KEY (tenant_id, assistant_id, version) REFERENCES assistant_versions,
    FOREIGN KEY (tenant_id, target_id) REFERENCES targets
);

CREATE TABLE sources (
    tenant_id uuid NOT NULL REFERENCES tenants,
    source_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('webhook', 'api', 'cron')),
    scheme text NOT NULL,
    assistant_id uuid NOT NULL,
    owner_person_id uuid NOT NULL,
    active boolean NOT NULL DEFAULT true,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, source_id),
    UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, assistant_id) REFERENCES assistants,
    FOREIGN KEY (tenant_id, owner_person_id) REFERENCES persons
);
-- Not unique: a lone unique key would tell one tenant of another's rows. 128 random bits are enough.
CREATE INDEX sources_by_id ON sources (source_id);

CREATE TABLE source_secrets (
    tenant_id uuid NOT NULL,
    secret_id uuid NOT NULL,
    source_id uuid NOT NULL,
    key_id text NOT NULL,
    envelope bytea NOT NULL,
    rotated_by_person_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, secret_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, rotated_by_person_id) REFERENCES persons
);
CREATE INDEX ON source_secrets (tenant_id, source_id);

CREATE TABLE policy_sets (
    tenant_id uuid NOT NULL REFERENCES tenants,
    version integer NOT NULL CHECK (version > 0),
    source text NOT NULL,
    digest text NOT NULL,
    context_fields jsonb NOT NULL DEFAULT '{}',
    tests jsonb NOT NULL DEFAULT '[]',
    author_person_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, version),
    UNIQUE (tenant_id, version, author_person_id),
    FOREIGN KEY (tenant_id, author_person_id) REFERENCES persons
);

-- Four eyes: whoever wrote a version cannot be the one who activates it.
CREATE TABLE policy_activations (
    tenant_id uuid NOT NULL,
    activation bigint GENERATED ALWAYS AS IDENTITY,
    version integer NOT NULL,
    author_person_id uuid NOT NULL,
    activated_by_person_id uuid NOT NULL,
    activated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, activation),
    FOREIGN KEY (tenant_id, version, author_person_id)
        REFERENCES policy_sets (tenant_id, version, author_person_id),
    FOREIGN KEY (tenant_id, activated_by_person_id) REFERENCES persons,
    CONSTRAINT policy_activation_four_eyes CHECK (author_person_id <> activated_by_person_id)
);

CREATE TABLE approval_rules (
    tenant_id uuid NOT NULL REFERENCES tenants,
    name text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    rule jsonb NOT NULL,
    author_person_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, name, version),
    FOREIGN KEY (tenant_id, author_person_id) REFERENCES persons
);

CREATE TABLE runs (
    tenant_id uuid NOT NULL REFERENCES tenants,
    run_id uuid NOT NULL,
    epoch integer NOT NULL DEFAULT 1 CHECK (epoch > 0),
    status text NOT NULL DEFAULT 'received',
    reason text,
    assistant_id uuid NOT NULL,
    source_id uuid,
    requester_kind text NOT NULL CHECK (requester_kind IN ('source', 'person', 'client')),
    requester_person_id uuid,
    payload_epoch integer NOT NULL DEFAULT 1,
    origin jsonb NOT NULL DEFAULT '{}',
    traceparent text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sealed_at timestamptz,
    PRIMARY KEY (tenant_id, run_id),
    FOREIGN KEY (tenant_id, assistant_id) REFERENCES assistants,
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources,
    FOREIGN KEY (tenant_id, requester_person_id) REFERENCES persons,
    CHECK ((requester_kind = 'source') = (source_id IS NOT NULL)),
    CHECK ((requester_kind <> 'source') = (requester_person_id IS NOT NULL))
);
CREATE INDEX ON runs (tenant_id, status, run_id);

-- digest_key makes the audit trail's commitment to a payload unguessable once the payload is erased.
CREATE TABLE run_payloads (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL CHECK (epoch > 0),
    content_type text NOT NULL,
    payload bytea NOT NULL,
    digest_key bytea NOT NULL CHECK (octet_length(digest_key) = 32),
    editor_person_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, run_id, epoch),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    FOREIGN KEY (tenant_id, editor_person_id) REFERENCES persons
);
ALTER TABLE runs ADD CONSTRAINT runs_payload_fkey
    FOREIGN KEY (tenant_id, run_id, payload_epoch) REFERENCES run_payloads
    DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL,
    scope text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_digest bytea NOT NULL,
    run_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, scope, key),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ON idempotency_keys (tenant_id, run_id);

CREATE TABLE handoffs (
    tenant_id uuid NOT NULL,
    handoff_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    stage text NOT NULL CHECK (stage IN ('policy', 'hold', 'execute', 'post_action', 'audit')),
    next_send_at timestamptz NOT NULL,
    -- A retry asked for this: a message that comes earlier finds nothing to claim.
    not_before timestamptz,
    sends integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    lease_owner text,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    traceparent text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, handoff_id),
    -- A run is due at one stage at most.
    UNIQUE (tenant_id, run_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs
);
CREATE INDEX handoffs_overdue ON handoffs (next_send_at);
CREATE INDEX handoffs_by_stage ON handoffs (tenant_id, stage, created_at);

CREATE TABLE due (
    tenant_id uuid NOT NULL REFERENCES tenants,
    due_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('hold.expire', 'audit.checkpoint', 'export.run')),
    subject_id uuid,
    next_send_at timestamptz NOT NULL,
    sends integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, due_id)
);
CREATE INDEX due_overdue ON due (next_send_at);
CREATE INDEX ON due (tenant_id, subject_id);

CREATE TABLE policy_decisions (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('deny', 'auto', 'hold')),
    code text NOT NULL,
    detail jsonb NOT NULL,
    policy_version integer,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, run_id, epoch),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    FOREIGN KEY (tenant_id, policy_version) REFERENCES policy_sets,
    CHECK (verdict = 'deny' OR policy_version IS NOT NULL)
);

-- What an approval covers, byte for byte (DESIGN "action digest").
CREATE TABLE actions (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    action_digest bytea NOT NULL,
    action bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, run_id, epoch),
    UNIQUE (tenant_id, run_id, epoch, action_digest),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    CONSTRAINT action_digest_is_of_the_action
        CHECK (action_digest = sha256('\x617767702e616374696f6e2e763100'::bytea || action))
);

CREATE TABLE approvals (
    tenant_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    action_digest bytea NOT NULL,
    requirement jsonb NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK
        (status IN ('open', 'approved', 'rejected', 'expired', 'cancelled', 'superseded')),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    execution_expires_at timestamptz,
    PRIMARY KEY (tenant_id, approval_id),
    UNIQUE (tenant_id, run_id, epoch),
    UNIQUE (tenant_id, approval_id, action_digest),
    FOREIGN KEY (tenant_id, run_id, epoch, action_digest)
        REFERENCES actions (tenant_id, run_id, epoch, action_digest),
    CHECK ((status = 'open') = (decided_at IS NULL))
);
CREATE INDEX ON approvals (tenant_id, status, expires_at);

-- Four eyes in the schema: one row a person, who is either excluded or a voter, never both.
CREATE TABLE approval_persons (
    tenant_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    person_id uuid NOT NULL,
    part text NOT NULL CHECK (part IN ('excluded', 'voter')),
    because text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, approval_id, person_id),
    UNIQUE (tenant_id, approval_id, person_id, part),
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals,
    FOREIGN KEY (tenant_id, person_id) REFERENCES persons
);

CREATE TABLE votes (
    tenant_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    person_id uuid NOT NULL,
    part text NOT NULL DEFAULT 'voter' CHECK (part = 'voter'),
    verdict text NOT NULL CHECK (verdict IN ('approve', 'reject')),
    action_digest bytea NOT NULL,
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
    groups jsonb NOT NULL CHECK (jsonb_typeof(groups) = 'array'),
    voted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at timestamptz,
    PRIMARY KEY (tenant_id, approval_id, person_id),
    FOREIGN KEY (tenant_id, approval_id, person_id, part)
        REFERENCES approval_persons (tenant_id, approval_id, person_id, part),
    -- A vote names what its voter saw.
    FOREIGN KEY (tenant_id, approval_id, action_digest)
        REFERENCES approvals (tenant_id, approval_id, action_digest)
);

CREATE TABLE executions (
    tenant_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    fence bigint NOT NULL,
    action_digest bytea NOT NULL,
    exit_reason text,
    exit_code integer,
    result bytea,
    output bytea,
    truncated boolean NOT NULL DEFAULT false,
    detail text,
    duration_ms integer,
    peak_memory_bytes bigint,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, execution_id),
    UNIQUE (tenant_id, run_id, epoch, attempt),
    FOREIGN KEY (tenant_id, run_id, epoch, action_digest)
        REFERENCES actions (tenant_id, run_id, epoch, action_digest)
);
-- An approval is consumed once.
CREATE UNIQUE INDEX executions_first_launch ON executions (tenant_id, run_id, epoch)
    WHERE attempt = 1;

CREATE TABLE deliveries (
    tenant_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    position smallint NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    target_id uuid NOT NULL,
    target_version integer NOT NULL,
    idempotency_key text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'retry', 'refused')),
    status_code integer,
    response bytea CHECK (octet_length(response) <= 65536),
    error text,
    duration_ms integer NOT NULL,
    attempted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, delivery_id),
    UNIQUE (tenant_id, run_id, epoch, position, attempt),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    FOREIGN KEY (tenant_id, target_id, target_version) REFERENCES target_versions
);

CREATE TABLE dead_letters (
    tenant_id uuid NOT NULL,
    dead_letter_id uuid NOT NULL,
    run_id uuid NOT NULL,
    epoch integer NOT NULL,
    stage text NOT NULL,
    error text NOT NULL,
    failures integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    replayed_at timestamptz,
    PRIMARY KEY (tenant_id, dead_letter_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs
);
CREATE INDEX ON dead_letters (tenant_id, run_id);
