"""Finds junk labels in recorded driving: what users of game data lose weeks to. Pure: knows neither Kafka nor files.

findings(driven(controls, pictures)) -> what is wrong, where, and what to do
"""

from __future__ import annotations

from charles.label_checks.check import findings
from charles.label_checks.pictures import digest, thumbnail
from charles.label_checks.run_data import Driven, Finding, FindingKind, Pictures, driven

__all__ = ["Driven", "Finding", "FindingKind", "Pictures", "digest", "driven", "findings", "thumbnail"]
