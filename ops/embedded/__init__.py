"""PostgreSQL, Valkey, S3 and an identity provider from packages, on loopback."""
