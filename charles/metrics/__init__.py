"""What programs offer to Prometheus. table.py: THE table of metrics; page.py: where they are served, if anywhere;
following.py: counters that follow counts kept elsewhere; rdkafka.py: what the Kafka clients say of themselves."""
