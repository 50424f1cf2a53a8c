mod import;
mod thumbnails;
