"""The database logins: one per kind of process, and those of people's tools."""

LOGINS = (
    "awgp_owner",
    "awgp_ingest",
    "awgp_web",
    "awgp_worker",
    "awgp_relay",
    "awgp_sealer",
    "awgp_exporter",
    "awgp_holding",
    "awgp_auditor",
    "awgp_operator",
)
NOBODY_LOGS_IN_AS = ("awgp_audit_owner", "awgp_definer")
