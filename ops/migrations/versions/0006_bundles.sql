-- Authors' keys, and what they signed. Runs as awgp_owner.

-- Whose word counts for a bundle. A tenant that ever had a key takes signed bundles alone, so a key
-- is never deleted: one that was revoked stays, and keeps the door shut.
CREATE TABLE author_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    key_id text NOT NULL,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$'),
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    added_by_person_id uuid NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    revoked_by_person_id uuid,
    revoked_because text CHECK (length(revoked_because) BETWEEN 1 AND 500),
    PRIMARY KEY (tenant_id, key_id),
    FOREIGN KEY (tenant_id, added_by_person_id) REFERENCES persons,
    FOREIGN KEY (tenant_id, revoked_by_person_id) REFERENCES persons,
    CONSTRAINT a_key_is_named_by_what_it_is
        CHECK (key_id = 'sha256:' || encode(sha256(public_key), 'hex')),
    CONSTRAINT what_is_revoked_has_a_reason CHECK ((revoked_at IS NULL) =
        (revoked_by_person_id IS NULL) AND (revoked_at IS NULL) = (revoked_because IS NULL))
);
CREATE UNIQUE INDEX author_keys_name ON author_keys (tenant_id, name) WHERE revoked_at IS NULL;

-- An author's signature over a bundle's digest; several may sign one.
CREATE TABLE bundle_signatures (
    tenant_id uuid NOT NULL,
    digest text NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64),
    pushed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, digest, key_id),
    FOREIGN KEY (tenant_id, digest) REFERENCES bundles,
    FOREIGN KEY (tenant_id, key_id) REFERENCES author_keys
);

DO $$
DECLARE
    name text;
    mine constant text := 'tenant_id = (SELECT current_setting(''app.current_tenant'')::uuid)';
BEGIN
    FOREACH name IN ARRAY ARRAY['author_keys', 'bundle_signatures']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
        EXECUTE format('CREATE POLICY own_tenant ON %I TO awgp_owner, awgp_web, awgp_worker'
            ' USING (%s) WITH CHECK (%s)', name, mine, mine);
    END LOOP;
END $$;

-- What was revoked is not taken back.
CREATE FUNCTION a_revoked_key_stays_revoked() RETURNS trigger LANGUAGE plpgsql
SET search_path = awgp, pg_temp AS $$
BEGIN
    IF OLD.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'author key % was revoked', OLD.key_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER revoked_for_good BEFORE UPDATE ON author_keys
    FOR EACH ROW EXECUTE FUNCTION a_revoked_key_stays_revoked();

GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by_person_id, revoked_because)
    ON author_keys TO awgp_web;
GRANT SELECT, INSERT ON bundle_signatures TO awgp_web;
GRANT SELECT ON author_keys, bundle_signatures TO awgp_worker;
