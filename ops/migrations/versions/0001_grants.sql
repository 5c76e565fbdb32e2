-- Least rights, a login a paragraph. tests/integration/test_grants.py holds the same matrix.

-- ingest: accepts, and says how a run fares.
GRANT SELECT ON tenants, sources, source_secrets, assistants, persons, runs, idempotency_keys,
    executions, deliveries, approvals TO awgp_ingest;
GRANT INSERT ON persons, runs, run_payloads, idempotency_keys, handoffs TO awgp_ingest;
-- It brings requests and no more: neither another payload for a run nor a way past a stage.
CREATE POLICY ingest_only_brings ON run_payloads AS RESTRICTIVE FOR INSERT TO awgp_ingest
    WITH CHECK (epoch = 1 AND editor_person_id IS NULL);
CREATE POLICY ingest_only_brings ON handoffs AS RESTRICTIVE FOR INSERT TO awgp_ingest
    WITH CHECK (epoch = 1 AND stage = 'policy');

-- web: what people set up and decide.
GRANT SELECT ON tenants, persons, bundles, targets, target_versions, assistants,
    assistant_versions, assistant_targets, sources, policy_sets, policy_activations,
    approval_rules, runs, run_payloads, handoffs, due, policy_decisions, actions, approvals,
    approval_persons, votes, executions, deliveries, dead_letters TO awgp_web;
-- Whose secrets there are and since when, but not the secrets.
GRANT SELECT (tenant_id, secret_id, source_id, key_id, rotated_by_person_id, created_at,
    expires_at) ON source_secrets TO awgp_web, awgp_worker;
GRANT SELECT (tenant_id, secret_id, target_id, key_id, created_at) ON target_secrets TO awgp_web;
GRANT INSERT ON persons, bundles, targets, target_versions, target_secrets, assistants,
    assistant_versions, assistant_targets, sources, source_secrets, policy_sets,
    policy_activations, approval_rules, run_payloads, handoffs, due, actions, approvals,
    approval_persons, votes TO awgp_web;
GRANT INSERT (tenant_id, run_id, epoch, verdict, code, detail, policy_version)
    ON policy_decisions TO awgp_web;
GRANT UPDATE (current_version) ON targets TO awgp_web;
GRANT UPDATE (current_version, active) ON assistants TO awgp_web;
GRANT UPDATE (active, settings, owner_person_id) ON sources TO awgp_web;
GRANT UPDATE (expires_at) ON source_secrets TO awgp_web;
GRANT UPDATE (status, epoch, payload_epoch, reason, changed_at, sealed_at) ON runs TO awgp_web;
GRANT UPDATE (status, decided_at, execution_expires_at) ON approvals TO awgp_web;
GRANT UPDATE (withdrawn_at) ON votes TO awgp_web;
GRANT UPDATE (replayed_at) ON dead_letters TO awgp_web;
GRANT DELETE ON due, target_secrets, source_secrets TO awgp_web;
-- A person's edit is decided again, and never lets itself through.
CREATE POLICY web_never_lets_through ON policy_decisions AS RESTRICTIVE FOR INSERT TO awgp_web
    WITH CHECK (verdict = 'hold');

-- worker: the stages policy, hold, execute and post_action.
GRANT SELECT ON tenants, persons, bundles, targets, target_versions, target_secrets, assistants,
    assistant_versions, assistant_targets, sources, policy_sets,
    policy_activations, approval_rules, runs, run_payloads, handoffs, due, policy_decisions,
    actions, approvals, approval_persons, votes, executions, deliveries, dead_letters
    TO awgp_worker;
GRANT INSERT ON handoffs, due, policy_decisions, actions, approvals, executions, deliveries,
    dead_letters, approval_persons TO awgp_worker;
GRANT UPDATE (status, epoch, reason, changed_at) ON runs TO awgp_worker;
GRANT UPDATE (next_send_at, not_before, failures, last_error, lease_owner, lease_until, fence)
    ON handoffs TO awgp_worker;
GRANT UPDATE (next_send_at, sends) ON due TO awgp_worker;
GRANT UPDATE (status, decided_at) ON approvals TO awgp_worker;
GRANT UPDATE (exit_reason, exit_code, result, output, truncated, detail, duration_ms,
    peak_memory_bytes, finished_at) ON executions TO awgp_worker;
GRANT DELETE ON handoffs, due TO awgp_worker;
CREATE POLICY worker_only_excludes ON approval_persons AS RESTRICTIVE FOR INSERT TO awgp_worker
    WITH CHECK (part = 'excluded');

-- relay: re-sends what is overdue.
GRANT SELECT ON handoffs, due TO awgp_relay;
GRANT UPDATE (next_send_at, sends) ON handoffs, due TO awgp_relay;

-- sealer: completes runs and chains their records.
GRANT SELECT ON runs, handoffs, due TO awgp_sealer;
GRANT UPDATE (status, sealed_at, changed_at) ON runs TO awgp_sealer;
GRANT UPDATE (next_send_at, not_before, sends, failures, last_error, lease_owner, lease_until,
    fence) ON handoffs TO awgp_sealer;
GRANT UPDATE (next_send_at, sends) ON due TO awgp_sealer;
GRANT DELETE ON handoffs TO awgp_sealer;

-- exporter: its schedule; the log it reads is granted by the log's owner.
GRANT SELECT, UPDATE (next_send_at, sends) ON due TO awgp_exporter;

-- definer functions: the only readers without a tenant, of these columns alone.
GRANT SELECT (tenant_id, source_id) ON sources TO awgp_definer;
GRANT SELECT (tenant_id, slug) ON tenants TO awgp_definer;
GRANT SELECT (tenant_id, run_id, sealed_at) ON runs TO awgp_definer;
GRANT SELECT (tenant_id, run_id), DELETE ON idempotency_keys TO awgp_definer;
CREATE POLICY definer ON sources FOR SELECT TO awgp_definer USING (true);
CREATE POLICY definer ON tenants FOR SELECT TO awgp_definer USING (true);
CREATE POLICY definer ON runs FOR SELECT TO awgp_definer USING (true);
CREATE POLICY definer ON idempotency_keys TO awgp_definer USING (true);
