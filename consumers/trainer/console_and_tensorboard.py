"""What a person sees of a training: the console line, as the original's, and TensorBoard's files."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import tensorflow as tf
from tensorflow.core.framework.summary_pb2 import SummaryMetadata

from charles.base.logs import ProgressLine
from charles.models import Learned
from charles.pacing import Every
from consumers.trainer.buffers import Buffers

log = logging.getLogger(__name__)

_SCALARS_S = 0.5
_TRY_AGAIN_S = 10.0
_ROOM_BYTES = 1 << 20
"""Bytes that must be free before another file is begun: else a full disk would fill up with empty ones."""

_SCALAR = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
"""What tf.summary.scalar() writes; that function itself wants TensorBoard installed, which only a reader needs."""


class TrainingConsole:
    """Rewrites one line a second on a terminal, and logs it every five seconds elsewhere."""

    def __init__(self, out: TextIO | None = None) -> None:
        """out: the terminal, if it is one; None: standard output."""
        self._progress = ProgressLine(log, terminal_s=1.0, out=out)

    def show(self, buffers: Buffers, batch: int, rate: float, learned: Learned | None) -> None:
        if self._progress.due():
            self._progress.show(line(buffers, batch, rate, learned), batch=batch)


def line(buffers: Buffers, batch: int, rate: float, learned: Learned | None) -> str:
    """rate: batches a second; learned: from the last batch, None before the first."""
    parts = [f"{kind}: {len(buffer)}/{buffer.capacity}" for kind, buffer in buffers.by_kind.items()]
    parts += [f"batch number: {batch} batches/s: {rate:.1f}"]
    if learned is not None:
        parts += [f"loss: {learned.loss:.4f}"]
        parts += [f"{output} right: {accuracy:.0%}" for output, accuracy in learned.accuracies.items()]
    return " ".join(parts)


class Scalars:
    """Scalars for TensorBoard, at most two points of each a second. Where they cannot be written there are none for a
    while, and nothing else happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None
        self._told = False
        self._writing = Every(_SCALARS_S)

    def add(self, batch: int, scalars: Mapping[str, float]) -> None:
        if not self._writing.due():
            return
        try:
            self._write(batch, scalars)
        except (tf.errors.OpError, OSError) as problem:
            self._give_up(problem)
        else:
            if self._told:
                log.info("TensorBoard files are written again")
            self._told = False

    def close(self) -> None:
        if self._writer is not None:
            with suppress(tf.errors.OpError):
                self._writer.close()
        self._writer = None

    def _write(self, batch: int, scalars: Mapping[str, float]) -> None:
        if self._writer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free < _ROOM_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))
            self._writer = tf.summary.create_file_writer(str(self._folder))
        with self._writer.as_default():
            for name, value in scalars.items():
                tf.summary.write(name, tf.constant(value, tf.float32), step=batch, metadata=_SCALAR)
        self._writer.flush()

    def _give_up(self, problem: Exception) -> None:
        """Try again later, in another file: this one may end in the middle of a record, where readers stop."""
        self.close()
        self._writing.put_off(_TRY_AGAIN_S)
        if not self._told:
            reason = str(getattr(problem, "message", problem)).splitlines()[0].rpartition("}} ")[2]
            log.warning("TensorBoard files cannot be written, training continues without them: %s", reason)
        self._told = True
