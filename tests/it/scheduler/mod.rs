mod cron;
mod doctor;
mod maintenance;
mod purge;
mod relay;
mod watch;
