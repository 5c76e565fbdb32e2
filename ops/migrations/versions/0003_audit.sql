-- What the control plane shows of exports, and the records of drains that end by themselves.
-- Runs as awgp_audit_owner.

-- Of the segment's files together; NULL for what was exported before anybody counted.
ALTER TABLE audit_segments ADD COLUMN bytes bigint CHECK (bytes > 0);

GRANT INSERT ON audit_pending TO awgp_relay;
CREATE POLICY relay_records ON audit_pending FOR INSERT TO awgp_relay WITH CHECK (
    tenant_id = (SELECT current_setting('app.current_tenant')::uuid)
    AND record ->> 'action' = 'ops:queue:paused');
