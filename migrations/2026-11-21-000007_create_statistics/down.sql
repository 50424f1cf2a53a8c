drop table repairs, queue_settings, failures, queue_minutes;
drop function add_histograms;
alter table jobs drop column error_fingerprint;
