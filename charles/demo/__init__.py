"""The demo: runs the whole pipeline on this machine for some minutes, then evaluates the trained model."""
