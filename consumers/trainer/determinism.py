"""The same weights, bit for bit, from the same samples in the same order."""

from __future__ import annotations

import os

import tensorflow as tf


def be_deterministic() -> None:
    """To be called before TensorFlow computes anything. Seeds are the trainer's own business (train.seed).

    How a sum is split among threads decides how it is rounded: so many threads as there are cores, and one operation
    after the other.
    """
    tf.config.threading.set_intra_op_parallelism_threads(os.cpu_count() or 1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
