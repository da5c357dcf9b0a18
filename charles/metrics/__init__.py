"""What programs offer to Prometheus. table.py: THE table of metrics; http_server.py: where they are served, if at all;
mirrored_counters.py: counters that mirror counts kept elsewhere; librdkafka_stats.py: what the Kafka clients report."""
