-- The whole hold: ordered stages, escalation, delegation, withdrawal, break-glass, links. Runs as awgp_owner.

-- What a person was in when they were last seen here: who may vote on what, asked without a token.
ALTER TABLE persons
    ADD COLUMN groups jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(groups) = 'array'),
    ADD COLUMN email text NOT NULL DEFAULT '' CHECK (length(email) <= 254),
    ADD COLUMN seen_at timestamptz;
GRANT UPDATE (groups, email, seen_at) ON persons TO awgp_web;

-- What was kept so far is held against new foreign keys in every tenant at once.
ALTER TABLE votes NO FORCE ROW LEVEL SECURITY;
ALTER TABLE approval_persons NO FORCE ROW LEVEL SECURITY;
ALTER TABLE runs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE persons NO FORCE ROW LEVEL SECURITY;

-- A vote can be withdrawn and another given, so a person has several rows of which one stands. A
-- place among an approval's persons belongs to one standing vote: nobody stands behind two of them,
-- as voter or as who lent theirs. Old rows take an id worked out from what named them so far; no
-- trigger looks at that.
ALTER TABLE votes ADD COLUMN vote_id uuid;
ALTER TABLE votes ALTER COLUMN vote_id TYPE uuid
    USING md5(approval_id::text || person_id::text)::uuid;
ALTER TABLE approval_persons ADD COLUMN vote_id uuid;
ALTER TABLE approval_persons ALTER COLUMN vote_id TYPE uuid
    USING CASE WHEN part = 'voter' THEN md5(approval_id::text || person_id::text)::uuid END;
ALTER TABLE approval_persons
    ADD CONSTRAINT a_place_is_of_one_vote CHECK ((part = 'voter') = (vote_id IS NOT NULL)),
    ADD CONSTRAINT approval_persons_of_a_vote
        UNIQUE (tenant_id, approval_id, person_id, part, vote_id);

-- Someone lends some of their groups' votes to another, for a time.
CREATE TABLE delegations (
    tenant_id uuid NOT NULL REFERENCES tenants,
    delegation_id uuid NOT NULL,
    delegator_person_id uuid NOT NULL,
    delegate_person_id uuid NOT NULL,
    groups jsonb NOT NULL CHECK
        (jsonb_typeof(groups) = 'array' AND jsonb_array_length(groups) BETWEEN 1 AND 50),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    revoked_by_person_id uuid,
    PRIMARY KEY (tenant_id, delegation_id),
    UNIQUE (tenant_id, delegation_id, delegate_person_id, delegator_person_id),
    FOREIGN KEY (tenant_id, delegator_person_id) REFERENCES persons,
    FOREIGN KEY (tenant_id, delegate_person_id) REFERENCES persons,
    FOREIGN KEY (tenant_id, revoked_by_person_id) REFERENCES persons,
    CONSTRAINT nobody_lends_to_themselves CHECK (delegator_person_id <> delegate_person_id),
    CONSTRAINT a_delegation_ends CHECK
        (ends_at > starts_at AND ends_at <= created_at + interval '90 days'),
    CHECK ((revoked_at IS NULL) = (revoked_by_person_id IS NULL))
);
CREATE INDEX ON delegations (tenant_id, delegate_person_id, ends_at);
CREATE INDEX ON delegations (tenant_id, delegator_person_id, ends_at);

ALTER TABLE votes
    ALTER COLUMN vote_id SET NOT NULL,
    DROP CONSTRAINT votes_pkey,
    ADD PRIMARY KEY (tenant_id, vote_id),
    ADD COLUMN on_behalf_of_person_id uuid,
    ADD COLUMN delegation_id uuid,
    ADD COLUMN authenticated_at timestamptz,
    ADD COLUMN acr text CHECK (length(acr) <= 256),
    ADD COLUMN reject_reason text CHECK
        (reject_reason IS NULL OR (length(reject_reason) <= 200 AND verdict = 'reject')),
    -- Withdrawn, it lets go of its place.
    ALTER COLUMN part DROP NOT NULL,
    ADD CONSTRAINT a_withdrawn_vote_has_no_place CHECK
        ((part IS NULL) = (withdrawn_at IS NOT NULL)),
    ADD CONSTRAINT a_lent_vote_names_its_delegation CHECK
        ((on_behalf_of_person_id IS NULL) = (delegation_id IS NULL)),
    DROP CONSTRAINT votes_tenant_id_approval_id_person_id_part_fkey,
    ADD CONSTRAINT votes_place_fkey FOREIGN KEY (tenant_id, approval_id, person_id, part, vote_id)
        REFERENCES approval_persons (tenant_id, approval_id, person_id, part, vote_id),
    ADD CONSTRAINT votes_lent_place_fkey
        FOREIGN KEY (tenant_id, approval_id, on_behalf_of_person_id, part, vote_id)
        REFERENCES approval_persons (tenant_id, approval_id, person_id, part, vote_id),
    ADD CONSTRAINT votes_delegation_fkey
        FOREIGN KEY (tenant_id, delegation_id, person_id, on_behalf_of_person_id)
        REFERENCES delegations
            (tenant_id, delegation_id, delegate_person_id, delegator_person_id);
CREATE UNIQUE INDEX votes_standing ON votes (tenant_id, approval_id, person_id)
    WHERE withdrawn_at IS NULL;

-- In an emergency someone with the role approves alone; another must look at it afterwards.
CREATE TABLE reviews (
    tenant_id uuid NOT NULL,
    review_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    action_digest bytea NOT NULL,
    person_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(btrim(reason)) BETWEEN 1 AND 2000),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    closed_by_person_id uuid,
    verdict text CHECK (verdict IN ('justified', 'unjustified')),
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    PRIMARY KEY (tenant_id, review_id),
    UNIQUE (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, approval_id, action_digest)
        REFERENCES approvals (tenant_id, approval_id, action_digest),
    FOREIGN KEY (tenant_id, person_id) REFERENCES persons,
    FOREIGN KEY (tenant_id, closed_by_person_id) REFERENCES persons,
    CONSTRAINT nobody_reviews_themselves CHECK (closed_by_person_id <> person_id),
    CONSTRAINT a_closed_review_says_by_whom_and_what CHECK
        ((closed_at IS NULL) = (closed_by_person_id IS NULL)
            AND (closed_at IS NULL) = (verdict IS NULL))
);
CREATE INDEX reviews_open ON reviews (tenant_id, review_id) WHERE closed_at IS NULL;

-- A link that brings one person to one question; only what its token hashes to is kept.
CREATE TABLE decision_links (
    tenant_id uuid NOT NULL,
    link_id uuid NOT NULL,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    approval_id uuid NOT NULL,
    action_digest bytea NOT NULL,
    person_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, link_id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, approval_id, action_digest)
        REFERENCES approvals (tenant_id, approval_id, action_digest),
    FOREIGN KEY (tenant_id, person_id) REFERENCES persons,
    CONSTRAINT a_link_ends CHECK
        (expires_at > created_at AND expires_at <= created_at + interval '90 days')
);
CREATE INDEX ON decision_links (tenant_id, approval_id);

DO $$
DECLARE
    name text;
    mine constant text := 'tenant_id = (SELECT current_setting(''app.current_tenant'')::uuid)';
BEGIN
    FOREACH name IN ARRAY ARRAY['delegations', 'reviews', 'decision_links'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO awgp_owner, awgp_ingest, awgp_web,'
            ' awgp_worker, awgp_sealer, awgp_exporter, awgp_auditor USING (%s) WITH CHECK (%s)',
            name, mine, mine);
    END LOOP;
END $$;
GRANT SELECT, INSERT ON delegations, reviews, decision_links TO awgp_web;
GRANT UPDATE (revoked_at, revoked_by_person_id) ON delegations TO awgp_web;
GRANT UPDATE (closed_at, closed_by_person_id, verdict, note) ON reviews TO awgp_web;
GRANT UPDATE (used_at) ON decision_links TO awgp_web;
-- The stages ask who acts for whom, and notices make links.
GRANT SELECT ON delegations, reviews TO awgp_worker;
GRANT SELECT, INSERT ON decision_links TO awgp_worker;
-- A withdrawn vote gives its place back; who is excluded stays so.
GRANT DELETE ON approval_persons TO awgp_web;
CREATE POLICY web_only_gives_back_places ON approval_persons AS RESTRICTIVE FOR DELETE TO awgp_web
    USING (part = 'voter');

-- Who sent a run through again asked for it, as its requester did.
ALTER TABLE runs ADD COLUMN replayed_by_person_id uuid,
    ADD FOREIGN KEY (tenant_id, replayed_by_person_id) REFERENCES persons;
GRANT UPDATE (replayed_by_person_id) ON runs TO awgp_web;

ALTER TABLE votes FORCE ROW LEVEL SECURITY;
ALTER TABLE approval_persons FORCE ROW LEVEL SECURITY;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
ALTER TABLE persons FORCE ROW LEVEL SECURITY;

ALTER TABLE due DROP CONSTRAINT due_kind_check,
    ADD CHECK (kind IN ('hold.expire', 'hold.remind', 'hold.escalate', 'hold.lapse',
        'audit.checkpoint', 'export.run')),
    -- Of a reminder or an escalation: how long after the opening it is meant for.
    ADD COLUMN after_seconds integer CHECK (after_seconds > 0);

-- How votes are counted; pipeline/tally.py counts the same way, and a test compares them.

-- Whose persons may take a turn of a rule at a time; the first turn is 0.
CREATE FUNCTION turn_groups(rule jsonb, turn int, opened_at timestamptz, at timestamptz)
RETURNS text[] LANGUAGE sql STABLE SET search_path = awgp, pg_temp AS $$
    SELECT coalesce(array_agg(g.name), '{}') FROM (
        SELECT jsonb_array_elements_text(CASE turn WHEN 0 THEN rule -> 'groups'
            ELSE rule -> 'stages' -> (turn - 1) -> 'groups' END)
        UNION
        SELECT jsonb_array_elements_text(step -> 'to')
        FROM jsonb_array_elements(coalesce(rule -> 'escalate', '[]')) AS step
        WHERE at >= opened_at + make_interval(secs => (step ->> 'after_seconds')::int)) AS g (name)
$$;

-- Whether a vote could count towards a turn of a rule.
CREATE FUNCTION vote_fits(requirement jsonb, rule jsonb, turn int, opened_at timestamptz, vote votes)
RETURNS boolean LANGUAGE sql STABLE SET search_path = awgp, pg_temp AS $$
    SELECT vote.verdict = 'approve'
        AND vote.groups ?| turn_groups(rule, turn, opened_at, vote.voted_at)
        -- What Python calls blank.
        AND (btrim(vote.reason, E'\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001'
                '\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f'
                '\u3000') <> ''
            OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements(requirement -> 'rules') AS each
                WHERE each ->> 'reason' = 'required'))
        AND (rule -> 'reauthenticate' IS NULL
            OR coalesce(vote.voted_at - vote.authenticated_at <= make_interval(
                secs => (rule -> 'reauthenticate' ->> 'max_age_seconds')::int), false)
            AND (rule -> 'reauthenticate' ->> 'acr' IS NULL
                OR coalesce(vote.acr = rule -> 'reauthenticate' ->> 'acr', false)))
$$;

-- The turn a rule has come to: 0 is its first, as many as it has when all were taken.
CREATE FUNCTION turn_of(asked approvals, rule jsonb) RETURNS int LANGUAGE plpgsql STABLE
SET search_path = awgp, pg_temp AS $$
DECLARE
    vote votes%ROWTYPE;
    turn int := 0;
    have int := 0;
    quorum int := (rule ->> 'quorum')::int;
BEGIN
    FOR vote IN
        SELECT * FROM votes v WHERE v.tenant_id = asked.tenant_id
            AND v.approval_id = asked.approval_id AND v.withdrawn_at IS NULL
            AND v.action_digest = asked.action_digest
        ORDER BY v.voted_at, v.person_id
    LOOP
        EXIT WHEN quorum IS NULL;
        CONTINUE WHEN NOT vote_fits(asked.requirement, rule, turn, asked.opened_at, vote);
        have := have + 1;
        IF have >= quorum THEN
            turn := turn + 1;
            have := 0;
            quorum := (rule -> 'stages' -> (turn - 1) ->> 'quorum')::int;
        END IF;
    END LOOP;
    RETURN turn;
END $$;

CREATE FUNCTION turns_of(rule jsonb) RETURNS int LANGUAGE sql IMMUTABLE
SET search_path = awgp, pg_temp AS $$
    SELECT 1 + jsonb_array_length(coalesce(rule -> 'stages', '[]'))
$$;

CREATE OR REPLACE FUNCTION quorum_is_met(tenant uuid, approval uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = awgp, pg_temp AS $$
    SELECT coalesce(bool_and(turn_of(a, rule) = turns_of(rule)), false)
        AND NOT EXISTS (
            SELECT 1 FROM votes v WHERE v.tenant_id = tenant AND v.approval_id = approval
                AND v.verdict = 'reject' AND v.withdrawn_at IS NULL)
    FROM approvals a, jsonb_array_elements(a.requirement -> 'rules') AS rule
    WHERE a.tenant_id = tenant AND a.approval_id = approval
$$;

-- Whether somebody of an emergency stands behind what is asked now, and their review is open.
CREATE FUNCTION glass_is_broken(asked approvals) RETURNS boolean LANGUAGE sql STABLE
SET search_path = awgp, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM reviews r WHERE r.tenant_id = asked.tenant_id
        AND r.approval_id = asked.approval_id AND r.action_digest = asked.action_digest
        AND r.closed_at IS NULL)
$$;

CREATE OR REPLACE FUNCTION check_approval() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'open' OR NEW.execution_expires_at IS NOT NULL
            OR coalesce(jsonb_array_length(NEW.requirement -> 'rules'), 0) < 1 OR EXISTS (
            SELECT 1 FROM jsonb_array_elements(NEW.requirement -> 'rules') AS rule,
                jsonb_array_elements(jsonb_build_array(rule)
                    || coalesce(rule -> 'stages', '[]')) AS turn
            WHERE coalesce((turn ->> 'quorum')::int, 0) < 1
                OR coalesce(jsonb_array_length(turn -> 'groups'), 0) < 1) THEN
            RAISE EXCEPTION 'an approval opens with rules that each ask for a vote'
                USING ERRCODE = 'AW003';
        END IF;
        -- What is counted is what the digest covers and people see.
        IF NEW.requirement IS DISTINCT FROM (
            SELECT convert_from(x.action, 'UTF8')::jsonb -> 'requirement' FROM actions x
            WHERE x.tenant_id = NEW.tenant_id AND x.run_id = NEW.run_id AND x.epoch = NEW.epoch) THEN
            RAISE EXCEPTION 'an approval asks what its action says' USING ERRCODE = 'AW003';
        END IF;
        -- Escalation counts from here.
        NEW.opened_at := clock_timestamp();
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
    IF NEW.status = 'approved' AND NOT quorum_is_met(OLD.tenant_id, OLD.approval_id)
        AND NOT glass_is_broken(OLD) THEN
        RAISE EXCEPTION 'the quorum of this approval is not met' USING ERRCODE = 'AW002';
    END IF;
    RETURN NEW;
END $$;

-- Whether someone who may not vote on this has lent their vote to this person, or asked for it.
CREATE FUNCTION acts_for_an_excluded(tenant uuid, approval uuid, person uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = awgp, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM approval_persons x WHERE x.tenant_id = tenant
        AND x.approval_id = approval AND x.part = 'excluded' AND (x.person_id = person
            OR EXISTS (SELECT 1 FROM delegations d WHERE d.tenant_id = tenant
                AND d.delegator_person_id = x.person_id AND d.delegate_person_id = person
                AND d.revoked_at IS NULL
                AND clock_timestamp() >= d.starts_at AND clock_timestamp() < d.ends_at)))
$$;

-- A place of a vote cast by a process from before votes had ids.
CREATE FUNCTION name_the_vote() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    IF NEW.vote_id IS NULL AND coalesce(NEW.part, '') = 'voter' THEN
        NEW.vote_id := md5(NEW.approval_id::text || NEW.person_id::text)::uuid;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_vote_has_a_name BEFORE INSERT ON votes
    FOR EACH ROW EXECUTE FUNCTION name_the_vote();
CREATE TRIGGER a_place_has_a_vote BEFORE INSERT ON approval_persons
    FOR EACH ROW EXECUTE FUNCTION name_the_vote();

CREATE OR REPLACE FUNCTION check_vote() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
DECLARE
    asked approvals%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM approvals a
    WHERE a.tenant_id = NEW.tenant_id AND a.approval_id = NEW.approval_id;
    IF asked.status IS DISTINCT FROM 'open' THEN
        RAISE EXCEPTION 'this approval was already decided: %', asked.status
            USING ERRCODE = 'AW004';
    END IF;
    IF clock_timestamp() >= asked.expires_at THEN
        RAISE EXCEPTION 'this approval expired at %', asked.expires_at USING ERRCODE = 'AW005';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL THEN
            RAISE EXCEPTION 'a vote is withdrawn once, and nothing else of it changes'
                USING ERRCODE = 'AW006';
        END IF;
        NEW.withdrawn_at := clock_timestamp();
        NEW.part := NULL;
        RETURN NEW;
    END IF;
    -- Escalation and the order of turns go by when it was really cast.
    NEW.voted_at := clock_timestamp();
    IF acts_for_an_excluded(NEW.tenant_id, NEW.approval_id, NEW.person_id) THEN
        RAISE EXCEPTION 'this person is excluded, or acts for one who is' USING ERRCODE = 'AW007';
    END IF;
    IF NEW.delegation_id IS NOT NULL THEN
        PERFORM 1 FROM delegations d JOIN persons p
            ON p.tenant_id = d.tenant_id AND p.person_id = d.delegator_person_id
        WHERE d.tenant_id = NEW.tenant_id AND d.delegation_id = NEW.delegation_id
            AND d.revoked_at IS NULL AND p.removed_at IS NULL
            AND clock_timestamp() >= d.starts_at AND clock_timestamp() < d.ends_at
            AND NEW.groups <@ d.groups AND NEW.groups <@ p.groups;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'this vote was not lent, or not with these groups'
                USING ERRCODE = 'AW007';
        END IF;
    END IF;
    IF NEW.verdict = 'approve' AND NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(asked.requirement -> 'rules') AS rule,
            turn_of(asked, rule) AS turn
        WHERE turn < turns_of(rule)
            AND vote_fits(asked.requirement, rule, turn, asked.opened_at, NEW)) THEN
        RAISE EXCEPTION 'this vote counts towards nothing that is asked now'
            USING ERRCODE = 'AW008';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_delegation() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.revoked_at IS NOT NULL THEN
            RAISE EXCEPTION 'a delegation is revoked once' USING ERRCODE = 'AW006';
        END IF;
        RETURN NEW;
    END IF;
    NEW.created_at := clock_timestamp();
    NEW.starts_at := greatest(NEW.starts_at, NEW.created_at);
    IF NEW.revoked_at IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM persons p WHERE p.tenant_id = NEW.tenant_id
            AND p.person_id = NEW.delegator_person_id AND p.kind = 'human'
            AND p.removed_at IS NULL AND NEW.groups <@ p.groups) THEN
        RAISE EXCEPTION 'nobody lends a vote they do not have' USING ERRCODE = 'AW007';
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM persons p WHERE p.tenant_id = NEW.tenant_id
            AND p.person_id = NEW.delegate_person_id AND p.kind = 'human'
            AND p.removed_at IS NULL) THEN
        RAISE EXCEPTION 'a vote is lent to a person' USING ERRCODE = 'AW007';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER delegation_holds BEFORE INSERT OR UPDATE ON delegations
    FOR EACH ROW EXECUTE FUNCTION check_delegation();

CREATE FUNCTION check_review() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
DECLARE
    asked approvals%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM approvals a
    WHERE a.tenant_id = NEW.tenant_id AND a.approval_id = NEW.approval_id;
    IF TG_OP = 'INSERT' THEN
        IF asked.status IS DISTINCT FROM 'open' OR NEW.closed_at IS NOT NULL THEN
            RAISE EXCEPTION 'this approval was already decided: %', asked.status
                USING ERRCODE = 'AW004';
        END IF;
        IF clock_timestamp() >= asked.expires_at THEN
            RAISE EXCEPTION 'this approval expired at %', asked.expires_at
                USING ERRCODE = 'AW005';
        END IF;
        NEW.opened_at := clock_timestamp();
        IF acts_for_an_excluded(NEW.tenant_id, NEW.approval_id, NEW.person_id) OR NOT EXISTS (
            SELECT 1 FROM persons p WHERE p.tenant_id = NEW.tenant_id
                AND p.person_id = NEW.person_id AND p.kind = 'human'
                AND p.groups ? 'break-glass') THEN
            RAISE EXCEPTION 'this person may not break the glass here' USING ERRCODE = 'AW007';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'this review was already closed' USING ERRCODE = 'AW006';
    END IF;
    IF asked.status = 'open' OR NEW.closed_by_person_id IS NULL
        OR acts_for_an_excluded(NEW.tenant_id, NEW.approval_id, NEW.closed_by_person_id) THEN
        RAISE EXCEPTION 'this person may not close this review' USING ERRCODE = 'AW007';
    END IF;
    NEW.closed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER review_holds BEFORE INSERT OR UPDATE ON reviews
    FOR EACH ROW EXECUTE FUNCTION check_review();

CREATE FUNCTION check_decision_link() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.used_at IS NOT NULL OR clock_timestamp() >= OLD.expires_at THEN
            RAISE EXCEPTION 'this link was used, or has ended' USING ERRCODE = 'AW006';
        END IF;
        NEW.used_at := clock_timestamp();
    ELSE
        NEW.created_at := clock_timestamp();
        NEW.used_at := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_link_holds BEFORE INSERT OR UPDATE ON decision_links
    FOR EACH ROW EXECUTE FUNCTION check_decision_link();
