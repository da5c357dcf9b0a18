"""Looking at a recording: what it holds, whether it is whole, whether its labels are sound."""
