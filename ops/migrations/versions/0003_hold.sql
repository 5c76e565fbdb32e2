-- The whole hold: ordered stages, escalation, delegation, withdrawal, break-glass, links. Runs as awgp_owner.

-- What a person was in when they were last seen here: who may vote on what, asked without a token.
ALTER TABLE persons
    ADD COLUMN groups jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(groups) = 'array'),
    ADD COLUMN email text NOT NULL DEFAULT '' CHECK (length(email) <= 254),
    ADD COLUMN seen_at timestamptz;
GRANT UPDATE (groups, email, seen_at) ON persons TO awgp_web;
