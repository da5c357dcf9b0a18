"""Events as Avro bytes and back. The codec frames them; fast_codec and binary do by hand what fastavro does more slowly."""
