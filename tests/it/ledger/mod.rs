mod counts;
mod order;
mod partitions;
