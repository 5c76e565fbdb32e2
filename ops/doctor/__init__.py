"""What `awgp doctor` looks at: a file a subject, each with its probes."""
