"""The models: lines that can be built by name, their weights as named arrays, and what identifies an architecture."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported: programs' consoles are for facts
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from charles.models.heads import PLAIN
from charles.models.lines import LINES, build
from charles.models.predictor import Predictor
from charles.models.training import Learned, NotFinite, TrainStep
from charles.models.weights import Weights, architecture, get_weights, set_weights

__all__ = [
    "LINES",
    "PLAIN",
    "Learned",
    "NotFinite",
    "Predictor",
    "TrainStep",
    "Weights",
    "architecture",
    "build",
    "get_weights",
    "set_weights",
]
