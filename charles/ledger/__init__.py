"""The ledger, read back: where every tick went, and where every emitted sample went."""
