"""The demo: the whole pipeline on this machine for some minutes, then what it has learned."""
