"""Finds junk labels in recorded driving: what users of game data lose weeks to. Pure: knows neither Kafka nor files.

findings(driven(controls, pictures)) -> what is wrong, where, and what to do
"""

from __future__ import annotations

from charles.junk.check import findings
from charles.junk.driven import Driven, Finding, Kind, Pictures, driven
from charles.junk.pictures import digest, thumbnail

__all__ = ["Driven", "Finding", "Kind", "Pictures", "digest", "driven", "findings", "thumbnail"]
