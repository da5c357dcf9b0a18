"""The trainer learns from balanced samples while they arrive, and publishes its weights and its state.

Example: `charles train`, or `CHARLES_TRAIN__MODEL=experiment charles train` for a second model beside it.
"""

from __future__ import annotations

from consumers.trainer.live import main

__all__ = ["main"]
