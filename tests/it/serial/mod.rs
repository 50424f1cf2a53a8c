mod memory;
mod outages;
mod worker_death;
