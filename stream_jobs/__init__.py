"""Programs that read topics and write topics."""
