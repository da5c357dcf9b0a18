"""Many drives, several at a time, each in a process of its own. No process outlives the evaluation."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import closing
from typing import Any

from charles.config import Unstuck
from charles.evaluation.driving import Driver, EvaluationDrive, drive
from charles.games.game import Game

OpenGame = Callable[[int], Game]
Task = tuple[str, int]  # a driver's name and a seed

_LOOK_S = 0.25


class Interrupted(RuntimeError):
    """The evaluation was stopped before its end."""


def never() -> bool:
    return False


def drive_all(
    open_game: OpenGame,
    drivers: Mapping[str, Driver],
    unstuck: Unstuck,
    tasks: Sequence[Task],
    workers: int,
    stop: Callable[[], bool],
) -> Iterator[tuple[Task, EvaluationDrive]]:
    """Every task with its drive, as they end. workers: processes; 0: this one. Raises Interrupted."""
    if workers == 0:
        yield from ((task, _drive(open_game, drivers[task[0]], task[1], unstuck)) for task in tasks)
        return
    luggage = (open_game, drivers, unstuck)
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    with ProcessPoolExecutor(workers, context, initializer=_enter, initargs=luggage) as pool:
        try:
            tasks_of = {pool.submit(_drive_here, task): task for task in tasks}
            unfinished = set(tasks_of)
            while unfinished:
                if stop():
                    raise Interrupted("the evaluation was stopped")
                done, unfinished = wait(unfinished, _LOOK_S, FIRST_COMPLETED)
                yield from ((tasks_of[future], future.result()) for future in done)
        except BaseException:
            for worker in multiprocessing.active_children():
                worker.terminate()
            pool.shutdown(cancel_futures=True)  # returns when its own thread has seen each of them end
            raise


def _drive(open_game: OpenGame, driver: Driver, seed: int, unstuck: Unstuck) -> EvaluationDrive:
    with closing(open_game(seed)) as game:
        return drive(game, driver, seed, unstuck)


_luggage: tuple[OpenGame, Mapping[str, Driver], Unstuck] | None = None  # of a worker: its networks are built once


def _enter(*luggage: Any) -> None:
    global _luggage
    _luggage = luggage
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(threads, "1")  # one worker a core
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _drive_here(task: Task) -> EvaluationDrive:
    assert _luggage is not None
    open_game, drivers, unstuck = _luggage
    return _drive(open_game, drivers[task[0]], task[1], unstuck)
