"""Programs that write raw topics."""
