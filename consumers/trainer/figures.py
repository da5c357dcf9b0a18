"""What a person sees of a training: the console line, as the original's, and TensorBoard's files."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import tensorflow as tf
from tensorflow.core.framework.summary_pb2 import SummaryMetadata

from consumers.trainer.buffers import Buffers

_TERMINAL_S, _ELSEWHERE_S = 1.0, 5.0
_SCALARS_S = 0.5

_SCALAR = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
"""What tf.summary.scalar() writes; that function itself wants TensorBoard installed, which only a reader needs."""


class Console:
    """Rewrites one line a second on a terminal, and writes a line every five seconds elsewhere."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._next = 0.0

    def show(self, buffers: Buffers, batch: int, rate: float, loss: float | None) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + (_TERMINAL_S if self._terminal else _ELSEWHERE_S)
        start, end = ("\r", "\033[K") if self._terminal else ("", "\n")
        self._out.write(start + line(buffers, batch, rate, loss) + end)
        self._out.flush()


def line(buffers: Buffers, batch: int, rate: float, loss: float | None) -> str:
    """rate: batches a second; loss: None before the first batch."""
    filled = " ".join(f"{output}: {len(buffer)}/{buffer.capacity}" for output, buffer in buffers.by_output.items())
    learned = "" if loss is None else f" loss: {loss:.4f}"
    return f"{filled} batch number: {batch} batches/s: {rate:.1f}{learned}"


class Scalars:
    """Scalars for TensorBoard, at most two points of each a second."""

    def __init__(self, folder: Path) -> None:
        self._writer = tf.summary.create_file_writer(str(folder))
        self._next = 0.0

    def add(self, batch: int, scalars: Mapping[str, float]) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SCALARS_S
        with self._writer.as_default():
            for name, value in scalars.items():
                tf.summary.write(name, tf.constant(value, tf.float32), step=batch, metadata=_SCALAR)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
