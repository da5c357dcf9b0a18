"""Balancing without Kafka: the engine with its joins, bins and sets, and counts of labels."""
