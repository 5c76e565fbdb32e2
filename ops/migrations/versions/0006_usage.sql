-- What an execution took beside its memory. Runs as awgp_owner.

ALTER TABLE executions
    ADD COLUMN cpu_ms integer,      -- processor time of the whole sandbox since the launch
    ADD COLUMN start_ms integer,    -- from the launch until the agent began
    ADD COLUMN bytes_in bigint,     -- bundle and payload
    ADD COLUMN bytes_out bigint;    -- stdout, stderr and result
GRANT UPDATE (cpu_ms, start_ms, bytes_in, bytes_out) ON executions TO awgp_worker;
