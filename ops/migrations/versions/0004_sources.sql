-- Sources: their schemes, secrets in rotation, limits.

-- How a source proves itself, besides by its secrets. `scheme_version` grows at each change, so that
-- what an edge remembers of it opens nothing afterwards; who changed it last may not vote on what it
-- sends. `proof` is 'identity' where someone else vouches (an issuer, a proxy) and there are no
-- secrets. `unsigned_at` is the switch that lets anything in, with who threw it and why.
-- A foreign key on a table that is there is checked as its owner, who sees nothing while forced.
ALTER TABLE sources NO FORCE ROW LEVEL SECURITY;
ALTER TABLE persons NO FORCE ROW LEVEL SECURITY;
ALTER TABLE sources
    ADD COLUMN scheme_settings jsonb NOT NULL DEFAULT '{}'
        CHECK (jsonb_typeof(scheme_settings) = 'object'),
    ADD COLUMN scheme_version integer NOT NULL DEFAULT 1 CHECK (scheme_version > 0),
    ADD COLUMN scheme_changed_by_person_id uuid,
    ADD COLUMN proof text NOT NULL DEFAULT 'secret' CHECK (proof IN ('secret', 'identity')),
    ADD COLUMN unsigned_at timestamptz,
    ADD COLUMN unsigned_reason text CHECK (length(unsigned_reason) BETWEEN 1 AND 500),
    ADD COLUMN unsigned_by_person_id uuid,
    ADD FOREIGN KEY (tenant_id, scheme_changed_by_person_id) REFERENCES persons,
    ADD FOREIGN KEY (tenant_id, unsigned_by_person_id) REFERENCES persons,
    ADD CHECK ((unsigned_at IS NULL) = (unsigned_reason IS NULL)
        AND (unsigned_at IS NULL) = (unsigned_by_person_id IS NULL));
ALTER TABLE sources FORCE ROW LEVEL SECURITY;
ALTER TABLE persons FORCE ROW LEVEL SECURITY;
GRANT UPDATE (scheme_settings, scheme_version, scheme_changed_by_person_id, unsigned_at,
    unsigned_reason, unsigned_by_person_id) ON sources TO awgp_web;
