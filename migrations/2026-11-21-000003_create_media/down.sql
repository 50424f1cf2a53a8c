drop table media_thumbnails;
drop table media;
