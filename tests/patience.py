"""How long tests wait for what must come: for the thing itself, and only where it is lost they give up."""

from __future__ import annotations

PATIENCE_S = 600.0
"""Longer than anything takes on a busy machine, and shorter than pytest's timeout, which says less."""
