alter table workspaces drop column webhook_secret;
