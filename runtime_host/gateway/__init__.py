"""The gateway: the one way out of a sandbox, a process of its own beside each that may use it."""
