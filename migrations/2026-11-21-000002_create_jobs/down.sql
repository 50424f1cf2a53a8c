drop function create_job_partitions(date);
drop function uuid_instant(uuid);
drop function uuid_floor(timestamptz);
drop table queue_epochs;
drop table idempotency_keys;
drop table unique_keys;
drop table job_attempts;
drop table jobs;
