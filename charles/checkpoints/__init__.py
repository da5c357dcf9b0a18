"""Checkpoints: packed into chunks, published, followed, fetched and pruned; and weights in a file."""
