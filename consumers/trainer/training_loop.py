"""One training, with everything it holds: model, buffers, batches, and where they go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import keras
import numpy as np

from charles.base.pictures import Size
from charles.base.time_format import short
from charles.checkpoints.identity import ModelIdentity
from charles.control.link import Link
from charles.control.offline_link import OfflineLink
from charles.events import Status, TrainingStep, now
from charles.labels.outputs import described
from charles.models import Learned, NotFinite, TrainStep, architecture, build
from charles.pacing import Every
from charles.settings import Settings
from consumers.trainer import resume, trainer_state
from consumers.trainer.batches import Batch, Batches
from consumers.trainer.buffers import Buffers
from consumers.trainer.interfaces import FoundCheckpoint, TrainingInterfaces
from consumers.trainer.lineage import Lineage
from consumers.trainer.metrics import TrainerMetricsWriter, part

log = logging.getLogger(__name__)

_EXPIRE_S = 10.0
_LAST_CHECKPOINT_S = 3.0
_STILL_RUNNING_S = 2.0
"""So long after a batch a trainer counts as running: buffers hover about the mark below which it waits."""
_REST_S = 0.02
_NAMED_SAMPLES = 10
_TELL_S = 60.0

Driving = Callable[[], Sequence[Status]]
"""The last heartbeats of those who drive with the model."""


class Training:
    """The steps of the trainer's loop. batch: how many batches the weights have seen; left_out: how many samples were
    drawn that they could not learn from, in this life."""

    def __init__(
        self,
        settings: Settings,
        picture: Size,
        ends: TrainingInterfaces,
        *,
        recording: str = "",
        batches: int | None = None,
    ) -> None:
        """picture: (width, height), pixels; recording: as ModelIdentity; batches: to end after, None: never."""
        train, frames, outputs = settings.config.train, settings.config.balance.frames, settings.config.predicted
        kinds = tuple(kind.name for kind in settings.config.set_kinds)
        keras.utils.clear_session()  # of a life before this one
        keras.utils.set_random_seed(train.seed)
        self.batch = self.left_out = 0
        self.buffers = Buffers(kinds, train.buffer, train.min_fill, train.max_times_sampled)
        self._train = train
        self._last_batch = batches
        self._outputs = [output.value for output in outputs]
        model = build(train.line, (picture[1], picture[0]), frames, outputs)
        self._step = TrainStep(model, outputs, train.learning_rate)
        texts = tuple(map(described, outputs))
        self._who = ModelIdentity(
            settings.trained_model, train.line, architecture(model), picture, texts, frames, settings.epoch, recording
        )
        self._offer = TrainerMetricsWriter(self._who)
        self._checkpointer = ends.checkpoints
        self._lineage = Lineage()
        self._rng = np.random.default_rng(train.seed)
        self._feed = ends.feed
        self._batches = Batches(self.buffers, self._rng, train.batch, picture, frames)
        self._tell_step = ends.tell
        self._scalars = ends.scalars
        self._console = ends.console
        self._learned: Learned | None = None
        self._parents: list[str] = []
        self._told_batch = 0
        self._learned_at = 0.0
        self._next_checkpoint = 0
        self._expiring = Every(_EXPIRE_S)
        self._tell_left_out = Every(_TELL_S)

    def begin(self, link: Link | OfflineLink, found: FoundCheckpoint | None) -> bool:
        """Go on from the newest whole state, or begin at batch 0; false when this life is over meanwhile.

        Raises CannotResume, or TimeoutError when the buffers cannot be refilled.
        """
        if found is not None:
            manifest, saved = found.manifest, found.saved
            same = manifest.architecture == self._who.architecture
            self._parents = manifest.parents if same else [manifest.artefact]
            if same:
                self._step.load_state(saved.model)
            else:
                resume.transfer(self._step, manifest, saved)
            self.batch = self._told_batch = manifest.batch
            self._lineage = Lineage(manifest.spans)
            self._feed.position = saved.position
            resume.restore(saved, self.buffers, self._rng, self._feed, resume.ResumeProgress(link))
            if same and found.newest:  # else others are now the newest, and everybody should know
                self._next_checkpoint = self.batch + self._train.checkpoint_every
                self._checkpointer.goes_on_from(manifest)
        self._feed.start()
        return not link.should_end()

    def run(self, link: Link | OfflineLink, driving: Driving) -> None:
        """Train until this life is over, or there is nothing left to learn from. Raises Fenced."""
        while not (link.should_end() or self.done):
            came = self.take_in()
            if not link.paused and self.draw():
                continue  # until enough are ahead: they are decoded beside the step
            if not self.learn() and not came:
                with part("wait"):
                    link.should_end(_REST_S)
            self.checkpoint_if_due(link)
            self.tell(link, driving())
        self.finish()

    @property
    def done(self) -> bool:
        """Whether all batches were learned from that it shall, or that there will ever be."""
        enough = self._last_batch is not None and self.batch >= self._last_batch
        return not self._batches.in_flight and (enough or (self._feed.ended and not self.buffers.ready))

    def take_in(self) -> int:
        """Take the samples that have arrived; drop those that the log holds no more. Returns how many came."""
        with part("read"):
            came = self._feed.take(self.buffers, self._wants_more)
        if self._feed.ended:
            self.buffers.drain(self._batches.each)
        if self._expiring.due():
            low = self._feed.low()
            if low is not None:  # else the broker is away, and a place that waits to be told would hold up the end
                self.buffers.expire(low)
                self._feed.commit()
        return came

    def draw(self) -> bool:
        """Draw a batch ahead, if the buffers allow it; tells whether it did.

        None is drawn across a checkpoint: its state must know exactly the samples that its weights were trained on.
        """
        drawn = self.batch + self._batches.in_flight
        wanted = drawn < self._next_checkpoint and (self._last_batch is None or drawn < self._last_batch)
        may = wanted and self._batches.room and self.buffers.ready and self._filled
        if may:
            self._batches.draw()
        return may

    def learn(self) -> bool:
        """One optimizer step on the batch that was drawn first; false when none was."""
        if not self._batches.in_flight:
            return False
        start_s = time.perf_counter()
        with part("decode"):
            batch = self._batches.take(self._feed.reject)
        if not batch.samples:
            return False
        try:
            with part("step"):
                learned = self._step(batch.inputs(), batch.targets(self._outputs), batch.weights(self._outputs))
        except NotFinite as problem:
            self._leave_out(batch, problem)
            return True
        seconds = time.perf_counter() - start_s
        self._offer.batch(len(batch.samples), seconds)
        self.batch += 1
        self._learned, self._learned_at = learned, time.monotonic()
        self._lineage.add(batch.samples, batch.used_up)
        with part("tell"):
            self._publish_step(learned, seconds)
        return True

    def _leave_out(self, batch: Batch, problem: NotFinite) -> None:
        """Its samples were drawn, and taught nothing."""
        self._offer.left_out(len(batch.samples))
        self.left_out += len(batch.samples)
        if not self._tell_left_out.due():
            return
        first = ", ".join(f"{held.collector} {held.run} {held.tick}" for held in batch.samples[:_NAMED_SAMPLES])
        more = len(batch.samples) > _NAMED_SAMPLES
        log.warning(
            "a batch after batch %d was left out, %d samples so far, and the weights stay as they were: %s; its %d "
            "samples: %s%s",
            *(self.batch, self.left_out, problem, len(batch.samples), first, ", ..." if more else ""),
        )

    def checkpoint_if_due(self, link: Link | OfflineLink) -> None:
        """Publish weights and state every so many batches, and when told to. Raises Fenced."""
        command = link.asked("checkpoint")
        if command is not None:
            self._next_checkpoint = min(self._next_checkpoint, self.batch + self._batches.in_flight)
        if self.batch >= self._next_checkpoint and not self._batches.in_flight:
            if command is None or self.batch > self._checkpointer.batch:
                self._publish_checkpoint()
            self._next_checkpoint = self.batch + self._train.checkpoint_every
            if command is not None:
                there = self.batch == self._checkpointer.batch
                link.answer(command, f"done: checkpoint {self.batch}" if there else "failed: the broker is unreachable")
        self._checkpointer.tidy()

    def tell(self, link: Link | OfflineLink, driving: Sequence[Status]) -> None:
        """The console line and the heartbeat, each when its time has come."""
        link.rate.add(self.batch - self._told_batch)
        self._told_batch = self.batch
        self._console.show(self.buffers, self.batch, link.rate.per_second(), self._learned)
        figures = {f"buffer_{kind}": float(len(buffer)) for kind, buffer in self.buffers.by_kind.items()}
        figures |= {name: float(count) for name, count in asdict(self.buffers.counts).items()}
        figures |= {"buffer_capacity": float(self.buffers.capacity), "buffered": float(self.buffers.buffered)}
        figures |= {"left_out": float(self.left_out)}
        figures |= {"checkpoint": float(self._checkpointer.batch)}
        if self._learned is not None:
            figures["loss"] = self._learned.loss
        figures |= {f"{player.instance}_batch": float(player.batch) for player in driving}
        figures |= {f"{player.instance}_age_s": player.figures["age_s"] for player in driving}
        state, note = self._does(link.paused)
        told = [f"{p.instance} drives with {p.batch} ({short(round(p.figures['age_s']))} old)" for p in driving]
        beaten = link.beat(
            state,
            lag=self._feed.lag,
            note="; ".join([note, *told]),
            model=self._who.model,
            batch=self.batch,
            starving=[] if state == "running" else self._starving(),
            figures=figures,
        )
        if beaten:
            self._offer.second(self.batch, self._learned, self.buffers, self._feed.lag, self._checkpointer.batch)

    def finish(self) -> None:
        """Learn from what was drawn already and publish a last checkpoint, if there is anything new in it."""
        while self._batches.in_flight:
            self.learn()
        if self.batch > self._checkpointer.batch:
            self._publish_checkpoint(_LAST_CHECKPOINT_S)

    def close(self) -> None:
        self._batches.close()

    @property
    def _waits(self) -> bool:
        return self._train.when_full == "wait"

    def _does(self, paused: bool) -> tuple[str, str]:
        """State and note."""
        if paused:
            return "paused", f"at batch {self.batch}"
        if time.monotonic() < self._learned_at + _STILL_RUNNING_S:
            return "running", f"batch {self.batch}"
        least = min(map(len, self.buffers.by_kind.values()))
        return "waiting", f"filling buffers {least}/{self.buffers.capacity}"

    def _starving(self) -> list[str]:
        """The buffers that hold up the training."""
        enough = self.buffers.least if self.buffers.started else self.buffers.capacity
        return [f"{kind} samples" for kind, buffer in self.buffers.by_kind.items() if len(buffer) < enough]

    def _has_room(self) -> bool:
        """Whether another sample may come in where they shall wait: while no buffer is full, or another runs low."""
        return not self.buffers.any_full or not self.buffers.ready

    def _wants_more(self) -> bool:
        return not self._waits or self._has_room()

    @property
    def _filled(self) -> bool:
        """Whether a batch may be drawn as far as arrivals go. Where samples wait, all that fit are taken in before each
        batch, so that one log and one seed give one training."""
        return not self._waits or not self._has_room() or self._feed.at_end

    def _publish_checkpoint(self, timeout_s: float = 15.0) -> None:
        with part("checkpoint"):
            state = trainer_state.pack(self._step.state(), self.buffers, self._rng, self._feed.position)
            weights = self._step.weights_for_driving()
            spans = self._lineage.spans
            self._checkpointer.publish(self._who, self.batch, weights, state, spans, self._parents, timeout_s)

    def _publish_step(self, learned: Learned, seconds: float) -> None:
        step = TrainingStep(
            model=self._who.model,
            batch=self.batch,
            time=now(),
            loss=learned.loss,
            losses=learned.losses,
            errors=learned.errors,
            accuracies=learned.accuracies,
            learning_rate=self._train.learning_rate,
            seconds=seconds,
            buffers={kind: len(buffer) for kind, buffer in self.buffers.by_kind.items()},
            capacity=self.buffers.capacity,
        )
        self._tell_step(step)
        scalars = {"loss": step.loss, "charts/seconds": seconds}
        for group, figures in (("losses", step.losses), ("errors", step.errors), ("accuracies", step.accuracies)):
            scalars |= {f"{group}/{output}": figure for output, figure in figures.items()}
        self._scalars.add(self.batch, scalars)
