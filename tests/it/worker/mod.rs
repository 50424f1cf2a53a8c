mod emails;
mod import;
mod thumbnails;
mod webhooks;
