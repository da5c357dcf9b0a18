"""Events as Avro bytes and back: the codec frames them; the fast codec does by hand what takes fastavro longer."""
