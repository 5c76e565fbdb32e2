"""How gunicorn serves the edge and the control plane.

    gunicorn --config python:ops.gunicorn_conf 'ingest.app:from_environ()'

Addresses and counts that differ by machine come from the command line (`--bind`, `--workers`).
"""

worker_class = "gthread"
workers = 2
# As many as the database pool has connections (AWGP_DATABASE_POOL_SIZE): one request, one of each.
threads = 8
# The app is made in each worker: nothing with a connection is shared over a fork.
preload_app = False

timeout = 30
graceful_timeout = 25
keepalive = 5
max_requests = 0

# An access token fits; a header made to fill memory does not.
limit_request_line = 2048
limit_request_fields = 64
limit_request_field_size = 18_432

# Forwarded headers are judged by ingest.named_proxies alone.
forwarded_allow_ips = ""
proxy_allow_ips = ""
errorlog = "-"
accesslog = None
loglevel = "warning"
