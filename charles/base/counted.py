"""Counts in messages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A count with its noun: `0 problems`, `1 problem`, `2,000 problems`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
