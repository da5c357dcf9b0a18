"""Recordings: topics in a folder, exact to the byte, in files that every Avro tool reads.

    DIR/manifest.json                               what is recorded, with a SHA-256 for each file
    DIR/frames/0/00000000000000001234.avro          a topic, a partition, the first offset: a segment, an Avro container
    DIR/frames/0/00000000000000001234.index         a sealed segment's blocks by time, an Avro container too

A segment holds schemas/Record.avsc. One that the manifest names is sealed; the last of each partition may be open.
Nothing here knows Kafka, but for what a message of it is.
"""
