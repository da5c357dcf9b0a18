"""What happened, in words: events in, annotations out. Knows neither Kafka nor Grafana."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from charles.base.sizes import size
from charles.base.typed_sections import ConfigError
from charles.checkpoints.identity import WEIGHTS
from charles.config import differences
from charles.control.config_topic import Epochs
from charles.control.members import ENDED, STARTING
from charles.events import Checkpoint, ConfigChange, DeadLetter, Status
from infra.grafana.client import ALARM, CHECKPOINT, CONFIG, DEAD_LETTER, LINE, TRAINING, Annotation

Told = Checkpoint | ConfigChange | Status | DeadLetter

_LETTERS_APART = timedelta(minutes=1)
_NUMBERS = re.compile(r"\d+")
_OF_A_NETWORK = ("train.line", "train.model", "outputs")


class Story:
    """Takes in every event of the four topics, each topic's in its order; says what is worth an annotation."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}
        self._epochs = Epochs()
        self._programs: dict[str, Status] = {}
        self._training: set[str] = set()
        self._broken: dict[str, int] = {}
        self._letters: dict[tuple[str, str, str], datetime] = {}

    def take(self, offset: int, event: Told) -> list[Annotation]:
        """offset: where the event lies in its topic."""
        match event:
            case Checkpoint() as manifest:
                return [*self._checkpoint(manifest)]
            case ConfigChange() as change:
                return [*self._change(offset, change)]
            case Status() as status:
                return [*self._beat(status)]
            case DeadLetter() as letter:
                return [*self._letter(letter)]

    def _checkpoint(self, manifest: Checkpoint) -> Iterator[Annotation]:
        if manifest.kind != WEIGHTS:
            return
        before, self._lines[manifest.model] = self._lines.get(manifest.model), manifest.line
        tags = f"model:{manifest.model}", f"line:{manifest.line}"
        if before is not None and before != manifest.line:
            words = f"{manifest.model} changed from line {before} to {manifest.line}"
            yield Annotation(manifest.time, words, (LINE, *tags))
        words = f"checkpoint {manifest.model}@{manifest.batch}, {size(manifest.size)}, epoch {manifest.epoch}"
        yield Annotation(manifest.time, words, (CHECKPOINT, *tags))

    def _change(self, offset: int, change: ConfigChange) -> Iterator[Annotation]:
        before = self._epochs.newest.config
        try:
            if not self._epochs.take(offset, change):
                return
        except ConfigError:
            return  # every program says so, and passes it over
        changed = [*differences(before, self._epochs.newest.config)]
        words = ", ".join(f"{name} {old} -> {new}" for name, old, new in changed)
        tags = [CONFIG] + [LINE] * any(name in _OF_A_NETWORK for name, _, _ in changed)
        yield Annotation(change.time, f"config epoch {offset} by {change.author}: {words}", tuple(tags))

    def _beat(self, status: Status) -> Iterator[Annotation]:
        before = self._programs.get(status.instance)
        self._programs[status.instance] = status
        yield from self._end(before, status)
        if status.program == "trainer":
            yield from self._period(status)
        if status.program == "balancer":
            yield from self._ledgers(status)

    def _end(self, before: Status | None, status: Status) -> Iterator[Annotation]:
        bad = "failed", "died"
        told = before is not None and before.state in bad and before.pid == status.pid  # by itself, or its supervisor
        if status.state in bad and not told:
            yield Annotation(
                status.time, f"{status.instance} {status.state}: {status.note}", (ALARM, status.program, status.state)
            )

    def _period(self, status: Status) -> Iterator[Annotation]:
        """A period ends when the trainer does, or pauses; not where it waits for samples for a while."""
        tags = TRAINING, f"model:{status.model}"
        if status.state == "running" and status.instance not in self._training:
            self._training.add(status.instance)
            words = f"{status.instance} started training {status.model} at batch {status.batch}"
            yield Annotation(status.time, words, tags)
        elif status.state in (*STARTING, *ENDED, "paused") and status.instance in self._training:
            self._training.discard(status.instance)
            yield Annotation(status.time, f"{status.instance} stopped training: {status.state}", (TRAINING,))

    def _ledgers(self, status: Status) -> Iterator[Annotation]:
        broken = int(status.figures.get("broken_ledgers", 0))
        before, self._broken[status.instance] = self._broken.get(status.instance, 0), broken
        if broken > before:
            ledgers = "1 ledger does" if broken == 1 else f"{broken} ledgers do"
            words = f"{status.instance}: {ledgers} not add up; `charles ledger` shows which"
            yield Annotation(status.time, words, (ALARM, "balancer", "ledger"))
        elif before and not broken:
            yield Annotation(status.time, f"{status.instance}: every ledger adds up again", ("balancer", "ledger"))

    def _letter(self, letter: DeadLetter) -> Iterator[Annotation]:
        """One of a kind a minute: there may be thousands, and `charles deadletters` has them all."""
        kind = letter.topic, letter.program, _NUMBERS.sub("N", letter.reason)
        last = self._letters.get(kind)
        if last is None or letter.time - last >= _LETTERS_APART:
            self._letters[kind] = letter.time
            words = f"dead letters of {letter.topic} from the {letter.program}: {letter.reason}"
            yield Annotation(letter.time, words, (DEAD_LETTER, letter.topic))
