drop table media_copy;
drop table backup_restores;
drop table backup_drills;
drop table backups;
