"""Faults between the parts, on purpose: for tests and chaos runs, never in production.

`proxy` stands between a client and a server, `namespaces` between two processes.
"""
