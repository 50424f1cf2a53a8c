mod backups;
mod emails;
mod import;
mod reports;
mod thumbnails;
mod webhooks;
