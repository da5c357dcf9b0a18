"""What a trainer reads of a recording: its samples, once or several times, read ahead by a thread."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread

from charles.avro.codec import Unreadable
from charles.base.pictures import BadPicture
from charles.events import Sample
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.offline.recorded_samples import Samples
from consumers.trainer.sample_intake import SampleShape, UnusedSample, take_in, to_hold

_SAMPLES_AT_ONCE = 500
"""Samples that are taken in between two batches."""
_HANDFUL_SAMPLES = 16
_HANDFULS_AHEAD = 16
"""Handfuls that are read ahead: 256 samples, 8 MB of the city's pictures."""
_LOOK_S = 0.1
_PATIENCE_S = 2.0
"""For a reader that is closed while it balances what makes no set."""
_PASS_SHIFT_BITS = 40
"""A number's bits below those of the pass that it belongs to: a sample has another number in each."""

_Came = tuple[int, BufferedSample | UnusedSample | None]
"""A number, and what came of the sample; None: it cannot be read."""
_Handful = tuple[float, list[_Came]]
"""With the share of the recording that was read by then."""


class RecordedFeed:
    """The SampleFeed of a training from a recording. What comes, and when, depends on the recording alone.

    position: of the next sample, numbered through all passes; at_end, ended: all of them are over.
    """

    def __init__(
        self,
        samples: Samples,
        shape: SampleShape,
        refuse: Callable[[str, str], None],
        passes: int | None,
        stopped: Callable[[], bool],
    ) -> None:
        """passes: how often the recording is read, None: for ever; stopped: makes take() come back early."""
        self.position = 0
        self.at_end = False
        self._samples = samples
        self._shape = shape
        self._refuse = refuse
        self._passes = passes
        self._stopped = stopped
        self._reader: _Reader | None = None
        self._back: list[_Came] = []

    @property
    def ended(self) -> bool:
        return self.at_end

    @property
    def lag(self) -> int:
        return -1

    @property
    def share(self) -> float:
        """How much is read, over all passes, in [0, 1]; where those are not limited, of this one."""
        share = 0.0 if self._reader is None else self._reader.share
        return share if self._passes is None else min(((self.position >> _PASS_SHIFT_BITS) + share) / self._passes, 1.0)

    def refill(
        self, offsets: Container[int], first: int, go_on: Callable[[int], bool]
    ) -> dict[int, BufferedSample | UnusedSample]:
        found: dict[int, BufferedSample | UnusedSample] = {}
        self._begin(first)
        while (came := self._next()) is not None:
            number, held = came
            if number >= self.position:
                self._back.append(came)
                break
            if held is not None and number in offsets:
                found[number] = held
            if not go_on(number):
                break
        return found

    def start(self) -> None:
        if self._reader is None:
            self._begin(self.position)

    def take(self, buffers: Buffers, wanted: Callable[[], bool]) -> int:
        """As the SampleFeed's; but waits for what is to come, so that what a batch is drawn from is no matter of time.
        Raises DamagedRecording."""
        came = 0
        while came < _SAMPLES_AT_ONCE and not self.at_end and wanted():
            one = self._next()
            if one is None:
                self.at_end = not self._stopped()
                break
            came += 1
            number, held = one
            self.position = number + 1
            take_in(buffers, held)
        return came

    def low(self) -> None:
        """Nothing of a recording goes away."""

    def reject(self, held: BufferedSample, reason: str) -> None:
        self._refuse(f"the sample of {held.collector}, run {held.run}, tick {held.tick}", reason)

    def commit(self) -> None:
        """There is nobody to tell."""

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _begin(self, first: int) -> None:
        self._reader = _Reader(self._all(first), lambda: self._samples.share)

    def _next(self) -> _Came | None:
        """The next one; None where there is none, or it was stopped."""
        if self._back:
            return self._back.pop()
        assert self._reader is not None, "start() comes first"
        return self._reader.next(self._stopped)

    def _all(self, first: int) -> Iterator[_Came]:
        number, start = first >> _PASS_SHIFT_BITS, first & (1 << _PASS_SHIFT_BITS) - 1
        while self._passes is None or number < self._passes:
            empty = True
            for each, sample in self._samples.read(start):
                empty = False
                yield number << _PASS_SHIFT_BITS | each, self._held(number << _PASS_SHIFT_BITS | each, sample)
            if empty and not start:
                return
            number, start = number + 1, 0

    def _held(self, number: int, sample: Sample | Unreadable) -> BufferedSample | UnusedSample | None:
        try:
            if isinstance(sample, Unreadable):
                raise sample
            return to_hold(sample, number, self._shape)
        except (Unreadable, BadPicture) as problem:
            self._refuse(f"sample {number & (1 << _PASS_SHIFT_BITS) - 1}", str(problem))
            return None


class _Reader:
    """Reads ahead, in a thread of its own, by the handful: to hand over one by one would cost more than to read.

    share: how much was read of the recording when what was handed over last was, in [0, 1].
    """

    def __init__(self, items: Iterator[_Came], share: Callable[[], float]) -> None:
        self.share = 0.0
        self._items = items
        self._share = share
        self._ahead: Queue[_Handful | BaseException | None] = Queue(_HANDFULS_AHEAD)
        self._closed = Event()
        self._handful: list[_Came] = []
        self._over = False
        self._thread = Thread(target=self._read, name="read ahead", daemon=True)
        self._thread.start()

    def next(self, stopped: Callable[[], bool]) -> _Came | None:
        """Waits for it. Raises what reading raises."""
        if not self._handful and not self._over:
            self._handful = self._more(stopped)
        return self._handful.pop() if self._handful else None

    def close(self) -> None:
        self._closed.set()
        self._thread.join(_PATIENCE_S)

    def _more(self, stopped: Callable[[], bool]) -> list[_Came]:
        while True:
            try:
                found = self._ahead.get(timeout=_LOOK_S)
            except Empty:
                if stopped():
                    return []
                continue
            if isinstance(found, BaseException):
                raise found
            self._over = found is None
            if found is None:
                return []
            self.share, handful = found
            return handful[::-1]

    def _read(self) -> None:
        try:
            handful: list[_Came] = []
            for item in self._items:
                handful.append(item)
                if len(handful) == _HANDFUL_SAMPLES:
                    if not self._put((self._share(), handful)):
                        return
                    handful = []
            if handful:
                self._put((self._share(), handful))
            self._put(None)
        except Exception as problem:  # whoever takes it raises it
            self._put(problem)

    def _put(self, what: _Handful | BaseException | None) -> bool:
        """False once it is closed."""
        while not self._closed.is_set():
            try:
                self._ahead.put(what, timeout=_LOOK_S)
            except Full:
                continue
            return True
        return False
