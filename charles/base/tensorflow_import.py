"""Silence and speed while TensorFlow loads: it greets on standard error, whatever its log level, before anybody can
stop it; and Python's garbage collector would look through its million objects again and again.

Not in models/: whoever imports that has imported TensorFlow.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def loading_tensorflow() -> Iterator[None]:
    """Import TensorFlow inside: what its libraries write goes nowhere. What Python raises is raised as ever."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # and afterwards: fatal errors only
    with _garbage_kept(), _standard_error_silenced():
        yield


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Collect no garbage inside: a fifth of the time. What was made there stays for good, and is never looked at.

    Only where it is not loaded yet: later there may be garbage of a life before, a whole model, which must not stay.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


@contextmanager
def _standard_error_silenced() -> Iterator[None]:
    if sys.stderr is None:  # closed before the program began: 2 may be anything now
        yield
        return
    with suppress(OSError):
        sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
