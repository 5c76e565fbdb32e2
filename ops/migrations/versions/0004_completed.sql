-- A run that is completed can be told of. Runs as awgp_owner.

-- As in 0003_notices.sql, and: a target that was switched off, and the last entry of a delivered run.
CREATE OR REPLACE FUNCTION notice_event(action text) RETURNS text LANGUAGE sql IMMUTABLE
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
        WHEN action = 'audit:run:completed' THEN 'run.completed'
        WHEN action IN ('policy:run:failed', 'hold:run:failed', 'execute:run:failed',
            'post_action:run:failed') THEN 'run.failed'
        WHEN action = 'post_action:target:disabled' THEN 'target.disabled'
    END
$$;

-- The entry that completes a run is written by the sealer, into the log itself: it was never pending.
-- Made for the channels that asked, in the sealer's transaction; where none did, it is one look.
CREATE FUNCTION note_completion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
DECLARE
    run constant uuid := NEW.resource_id::uuid;
    approval uuid;
    made uuid;
    channel uuid;
BEGIN
    FOR channel IN
        SELECT c.channel_id FROM notice_channels c
        WHERE c.tenant_id = NEW.tenant_id AND c.active AND c.removed_at IS NULL
            AND c.events ? 'run.completed'
    LOOP
        SELECT a.approval_id INTO approval FROM approvals a
        WHERE a.tenant_id = NEW.tenant_id AND a.run_id = run
        ORDER BY a.epoch DESC LIMIT 1;
        CONTINUE WHEN NOT notice_is_wanted(NEW.tenant_id, channel, run, approval);
        -- Ordered as in note_notices().
        made := overlay(gen_random_uuid()::text placing left(NEW.id::text, 15) from 1 for 15)::uuid;
        INSERT INTO notices (tenant_id, notice_id, channel_id, record_id, event, run_id, approval_id)
        VALUES (NEW.tenant_id, made, channel, NEW.id, 'run.completed', run, approval);
        INSERT INTO due (tenant_id, due_id, kind, subject_id, next_send_at)
        VALUES (NEW.tenant_id, gen_random_uuid(), 'post_action.notice', made, clock_timestamp());
    END LOOP;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION note_completion() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_completion() TO awgp_audit_owner;
RESET ROLE;
SET LOCAL ROLE awgp_audit_owner;
CREATE TRIGGER completions_are_told AFTER INSERT ON audit_log FOR EACH ROW
    WHEN (NEW.action = 'audit:run:completed')
    EXECUTE FUNCTION note_completion();
RESET ROLE;
ALTER FUNCTION note_completion() OWNER TO awgp_definer;
SET LOCAL ROLE awgp_owner;
