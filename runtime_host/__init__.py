"""The host process that runs bundles in gVisor, once each."""
