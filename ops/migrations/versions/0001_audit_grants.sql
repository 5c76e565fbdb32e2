-- INSERT and SELECT alone on what is append-only; nobody holds UPDATE, DELETE or TRUNCATE.

GRANT USAGE ON SCHEMA awgp TO awgp_ingest, awgp_web, awgp_worker, awgp_relay, awgp_sealer,
    awgp_exporter, awgp_holding, awgp_auditor, awgp_definer;

GRANT INSERT ON audit_pending TO awgp_owner, awgp_ingest, awgp_web, awgp_worker, awgp_sealer,
    awgp_exporter;
GRANT SELECT, DELETE ON audit_pending TO awgp_sealer;
GRANT SELECT, INSERT ON audit_log, audit_checkpoints TO awgp_sealer;
GRANT SELECT ON audit_heads TO awgp_sealer;
GRANT UPDATE (sequence, hash, tree_size, frontier, sealed_at) ON audit_heads TO awgp_sealer;
GRANT SELECT, INSERT ON audit_segments TO awgp_exporter;
GRANT SELECT ON audit_log, audit_checkpoints, audit_heads TO awgp_exporter;
GRANT SELECT ON audit_log, audit_checkpoints, audit_heads, audit_segments TO awgp_auditor, awgp_web,
    awgp_owner;
GRANT SELECT ON audit_pending TO awgp_auditor;
GRANT INSERT ON audit_heads TO awgp_owner;
GRANT SELECT, INSERT ON subject_keys TO awgp_ingest, awgp_web, awgp_worker;
GRANT UPDATE (envelope, erased_at) ON subject_keys TO awgp_web;
-- `awgp keys rotate` seals the keys again.
GRANT SELECT, UPDATE (envelope) ON subject_keys TO awgp_owner;

REVOKE ALL ON FUNCTION make_audit_partition(date), ensure_audit_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_audit_partitions() TO awgp_exporter, awgp_sealer, awgp_owner;
