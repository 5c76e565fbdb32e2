-- The state table, the hold's rules and the doors that open before a tenant is known.

CREATE FUNCTION check_run_move() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
DECLARE
    legal constant text[] := ARRAY[
        'received>permitted', 'received>denied', 'received>failed',
        'permitted>held', 'permitted>approved', 'permitted>failed',
        'held>approved', 'held>rejected', 'held>expired', 'held>cancelled', 'held>held',
        'approved>executing', 'approved>held', 'approved>denied', 'approved>expired',
        'approved>cancelled', 'approved>failed',
        'executing>executed', 'executing>failed', 'executing>cancelled',
        'executed>delivering', 'executed>delivered',
        'delivering>delivered', 'delivering>failed',
        'delivered>completed',
        'failed>received'];
    raises_epoch constant text[] := ARRAY['held>held', 'approved>held', 'failed>received'];
    over constant text[] := ARRAY[
        'completed', 'denied', 'rejected', 'expired', 'failed', 'cancelled'];
    move text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'received' OR NEW.epoch <> 1 OR NEW.payload_epoch <> 1
            OR NEW.sealed_at IS NOT NULL THEN
            RAISE EXCEPTION 'a run starts as received, in epoch 1' USING ERRCODE = 'AW001';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.payload_epoch <> OLD.payload_epoch AND (OLD.status <> 'held' OR NEW.status <> 'held'
        OR NEW.payload_epoch <> OLD.epoch + 1) THEN
        RAISE EXCEPTION 'a run takes another payload only while people are asked, for its next epoch'
            USING ERRCODE = 'AW001';
    END IF;
    IF NEW.sealed_at IS NOT NULL AND NOT NEW.status = ANY (over) THEN
        RAISE EXCEPTION 'a run is sealed when it is over, not %', NEW.status
            USING ERRCODE = 'AW001';
    END IF;
    move := OLD.status || '>' || NEW.status;
    IF OLD.status = NEW.status AND OLD.epoch = NEW.epoch THEN
        RETURN NEW;
    END IF;
    IF NOT move = ANY (legal) THEN
        RAISE EXCEPTION 'a run cannot move from % to %', OLD.status, NEW.status
            USING ERRCODE = 'AW001';
    END IF;
    IF NEW.epoch <> OLD.epoch + (move = ANY (raises_epoch))::int THEN
        RAISE EXCEPTION 'epoch % cannot become % on the move %', OLD.epoch, NEW.epoch, move
            USING ERRCODE = 'AW001';
    END IF;
    IF NEW.status = 'approved' THEN
        PERFORM 1 FROM policy_decisions d
        WHERE OLD.status = 'permitted' AND d.tenant_id = NEW.tenant_id AND d.run_id = NEW.run_id
            AND d.epoch = NEW.epoch AND d.verdict = 'auto'
        UNION ALL
        SELECT 1 FROM approvals a
        WHERE OLD.status = 'held' AND a.tenant_id = NEW.tenant_id AND a.run_id = NEW.run_id
            AND a.epoch = NEW.epoch AND a.status = 'approved';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no decision approves run % in epoch %', NEW.run_id, NEW.epoch
                USING ERRCODE = 'AW002';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER run_move BEFORE INSERT OR UPDATE OF status, epoch, payload_epoch, sealed_at ON runs
    FOR EACH ROW EXECUTE FUNCTION check_run_move();

CREATE FUNCTION quorum_is_met(tenant uuid, approval uuid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = awgp, pg_temp AS $$
    SELECT coalesce(bool_and(
        (SELECT count(*) FROM votes v
         WHERE v.tenant_id = tenant AND v.approval_id = approval AND v.withdrawn_at IS NULL
            AND v.verdict = 'approve' AND v.action_digest = a.action_digest
            AND v.groups ?| ARRAY(SELECT jsonb_array_elements_text(rule -> 'groups')))
        >= (rule ->> 'quorum')::int), false)
        AND NOT EXISTS (
            SELECT 1 FROM votes v WHERE v.tenant_id = tenant AND v.approval_id = approval
                AND v.verdict = 'reject' AND v.withdrawn_at IS NULL)
    FROM approvals a, jsonb_array_elements(a.requirement -> 'rules') AS rule
    WHERE a.tenant_id = tenant AND a.approval_id = approval
$$;

CREATE FUNCTION check_approval() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'open' OR NEW.execution_expires_at IS NOT NULL
            OR coalesce(jsonb_array_length(NEW.requirement -> 'rules'), 0) < 1 OR EXISTS (
            SELECT 1 FROM jsonb_array_elements(NEW.requirement -> 'rules') AS rule
            WHERE coalesce((rule ->> 'quorum')::int, 0) < 1
                OR coalesce(jsonb_array_length(rule -> 'groups'), 0) < 1) THEN
            RAISE EXCEPTION 'an approval opens with rules that each ask for a vote'
                USING ERRCODE = 'AW003';
        END IF;
        -- What is counted is what the digest covers and people see.
        IF NEW.requirement IS DISTINCT FROM (
            SELECT convert_from(x.action, 'UTF8')::jsonb -> 'requirement' FROM actions x
            WHERE x.tenant_id = NEW.tenant_id AND x.run_id = NEW.run_id AND x.epoch = NEW.epoch) THEN
            RAISE EXCEPTION 'an approval asks what its action says' USING ERRCODE = 'AW003';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status = 'open' AND NEW.status = 'approved' THEN
        IF coalesce(NEW.execution_expires_at > clock_timestamp() + make_interval(secs =>
            (SELECT min((rule ->> 'execution_expires_in_seconds')::int)
             FROM jsonb_array_elements(OLD.requirement -> 'rules') AS rule)), true) THEN
            RAISE EXCEPTION 'an approval says until when its run may start, as its rules do'
                USING ERRCODE = 'AW005';
        END IF;
    ELSIF NEW.execution_expires_at IS DISTINCT FROM OLD.execution_expires_at
        AND coalesce(NEW.execution_expires_at > OLD.execution_expires_at, true) THEN
        RAISE EXCEPTION 'the time to start a run cannot be put off' USING ERRCODE = 'AW005';
    END IF;
    IF OLD.status = NEW.status THEN
        RETURN NEW;
    END IF;
    -- A drift after the vote reopens the question in a new epoch; nothing else leaves a decision.
    IF OLD.status <> 'open' AND NOT (OLD.status = 'approved' AND NEW.status = 'superseded') THEN
        RAISE EXCEPTION 'this approval was already decided: %', OLD.status USING ERRCODE = 'AW004';
    END IF;
    IF NEW.status = 'approved' AND clock_timestamp() >= OLD.expires_at THEN
        RAISE EXCEPTION 'this approval expired at %', OLD.expires_at USING ERRCODE = 'AW005';
    END IF;
    IF NEW.status = 'expired' AND clock_timestamp() < OLD.expires_at THEN
        RAISE EXCEPTION 'this approval expires only at %', OLD.expires_at USING ERRCODE = 'AW005';
    END IF;
    IF NEW.status = 'approved' AND NOT quorum_is_met(OLD.tenant_id, OLD.approval_id) THEN
        RAISE EXCEPTION 'the quorum of this approval is not met' USING ERRCODE = 'AW002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_rules_hold BEFORE INSERT OR UPDATE ON approvals
    FOR EACH ROW EXECUTE FUNCTION check_approval();

CREATE FUNCTION check_vote() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
DECLARE
    approval approvals%ROWTYPE;
BEGIN
    SELECT * INTO approval FROM approvals a
    WHERE a.tenant_id = NEW.tenant_id AND a.approval_id = NEW.approval_id;
    IF approval.status IS DISTINCT FROM 'open' THEN
        RAISE EXCEPTION 'this approval was already decided: %', approval.status
            USING ERRCODE = 'AW004';
    END IF;
    IF clock_timestamp() >= approval.expires_at THEN
        RAISE EXCEPTION 'this approval expired at %', approval.expires_at USING ERRCODE = 'AW005';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vote_in_time BEFORE INSERT OR UPDATE ON votes
    FOR EACH ROW EXECUTE FUNCTION check_vote();

-- Before a tenant is known: give the tenant of an id and nothing more.
CREATE FUNCTION resolve_source(wanted uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$ SELECT tenant_id FROM sources WHERE source_id = wanted $$;

CREATE FUNCTION resolve_tenant(wanted text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$ SELECT tenant_id FROM tenants WHERE slug = wanted $$;

-- Which tenants there are, for what works through all of them one by one.
CREATE FUNCTION list_tenants() RETURNS TABLE (tenant_id uuid, slug text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = awgp, pg_temp AS $$
    SELECT t.tenant_id, t.slug FROM tenants t ORDER BY t.slug
$$;

-- Senders retry for up to 75 hours; a key is kept for 7 days after its run is sealed.
CREATE FUNCTION forget_idempotency_keys() RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = awgp, pg_temp AS $$
    WITH gone AS (
        DELETE FROM idempotency_keys k USING runs r
        WHERE r.tenant_id = k.tenant_id AND r.run_id = k.run_id
            AND r.sealed_at < clock_timestamp() - interval '7 days'
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
