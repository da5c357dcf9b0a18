"""What a label means: the outputs, their bins, regions of bins, and which sets there are. Pure."""
