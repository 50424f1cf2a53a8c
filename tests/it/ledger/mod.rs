mod conformance;
mod counts;
mod order;
mod partitions;
