mod cron;
mod purge;
mod relay;
