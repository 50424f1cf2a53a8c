mod cron;
mod doctor;
mod purge;
mod relay;
