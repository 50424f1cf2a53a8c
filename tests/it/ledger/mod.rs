mod order;
mod partitions;
