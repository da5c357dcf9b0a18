"""Keeps programs running: starts each as a process of its own, restarts what dies, and ends them in order."""
