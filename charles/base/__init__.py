"""What has nothing to do with Kafka or driving: typed settings, logs, files, stopping. Imports nothing else of charles."""
