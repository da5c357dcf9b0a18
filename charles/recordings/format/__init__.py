"""The files of a recording: Avro containers, indexes and the manifest. Nothing here knows Kafka."""
