mod memory;
mod outages;
mod paused;
mod worker_death;
