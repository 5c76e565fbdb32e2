-- What may be due, with what came since 0003_notices.sql. Runs as awgp_owner.

ALTER TABLE due DROP CONSTRAINT due_kind_check,
    ADD CONSTRAINT due_kind_check CHECK (kind IN (
        'hold.expire', 'hold.remind', 'hold.escalate', 'hold.lapse', 'post_action.notice',
        'audit.checkpoint', 'export.run', 'policy.tick', 'post_action.resend',
        'post_action.wake', 'post_action.callback'));
