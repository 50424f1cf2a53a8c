mod outages;
mod worker_death;
