mod faults;
mod memory;
mod outages;
mod paused;
mod schedulers;
mod worker_death;
