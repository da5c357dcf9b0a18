"""Runs programs: starts each as a process, restarts crashed ones, and stops them in order."""
