drop schema reporting cascade;
alter table workspaces drop column report_ticket;
drop table report_definition_versions, report_definitions, reports;
-- The role stays: it belongs to the whole server, and other databases may use it.
