"""What has nothing to do with Kafka or driving: typed settings, logs, files, shutdown. Imports no other room."""
