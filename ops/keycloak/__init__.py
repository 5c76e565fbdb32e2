"""Keycloak: the realm AWGP ships, and what keeps its groups in step with the tenants."""
