alter table workspaces drop column unsubscribe_secret;
drop table email_domains;
drop table suppressions;
drop table email_recipients;
drop table emails;
