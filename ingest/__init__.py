"""The edge: webhooks, run submission, run status."""
