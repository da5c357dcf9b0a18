"""The trainer learns from balanced samples while they arrive, and publishes its weights and its state.

Example: `charles train`, or `CHARLES_TRAIN__MODEL=experiment charles train` for a second model beside it.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported: errors only

from consumers.trainer.trainer import main

__all__ = ["main"]
