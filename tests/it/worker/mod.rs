mod import;
mod thumbnails;
mod webhooks;
