-- What tenants set up can be taken away again. Nothing is deleted: what ran, and what the trail
-- names, keeps its rows. Runs as awgp_owner.

-- A closed tenant takes no requests and sets nothing up; its trail and its exports go on.
ALTER TABLE tenants ADD COLUMN closed_at timestamptz;
CREATE UNIQUE INDEX tenants_one_holding ON tenants (kind)
    WHERE kind = 'holding' AND closed_at IS NULL;

-- A removed person's token is refused in this tenant; what they wrote and voted stays theirs.
ALTER TABLE persons ADD COLUMN removed_at timestamptz;
GRANT UPDATE (removed_at, display_name) ON persons TO awgp_web;

ALTER TABLE targets ADD COLUMN removed_at timestamptz;
GRANT UPDATE (removed_at) ON targets TO awgp_web;

-- Another source may take a removed one's name; its runs go on naming the old one by its id.
ALTER TABLE sources ADD COLUMN removed_at timestamptz;
GRANT UPDATE (removed_at) ON sources TO awgp_web;
ALTER TABLE sources DROP CONSTRAINT sources_tenant_id_name_key;
CREATE UNIQUE INDEX sources_by_name ON sources (tenant_id, name) WHERE removed_at IS NULL;

-- No policy can name a removed rule any more; what is held under it is still decided by it.
ALTER TABLE approval_rules ADD COLUMN removed_at timestamptz;
GRANT UPDATE (removed_at) ON approval_rules TO awgp_web;
