drop table schedule_ticks;
drop table schedules;
