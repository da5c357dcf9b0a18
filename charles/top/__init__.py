"""`charles top`: the live view of a running pipeline."""
