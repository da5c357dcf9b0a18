"""One training, with everything it holds: model, buffers, batches, and where they go."""

from __future__ import annotations

import time
from dataclasses import asdict

import keras
import numpy as np

from charles import topics
from charles.control import Heartbeat
from charles.deadletters import DeadLetters
from charles.events import TrainingStep, now
from charles.kafka import Publisher
from charles.models import TrainStep, architecture, build
from charles.outputs import OUTPUTS
from charles.settings import Settings
from charles.stopping import Stop
from consumers.trainer import resuming, saving
from consumers.trainer.batches import Batches
from consumers.trainer.buffers import Buffers
from consumers.trainer.feeding import Feed, Shape
from consumers.trainer.figures import Console, Scalars
from consumers.trainer.lineage import Lineage
from consumers.trainer.pictures import Size
from consumers.trainer.publishing import Checkpointer, Identity

_EXPIRE_S = 10.0
_LAST_CHECKPOINT_S = 3.0
_STILL_RUNNING_S = 2.0
"""So long after a batch a trainer counts as running: buffers hover about the mark below which it waits."""


class Training:
    """The steps of the trainer's loop. batch: how many batches the weights have seen."""

    def __init__(self, settings: Settings, picture: Size, checkpointer: Checkpointer) -> None:
        """picture: (width, height), pixels."""
        train, frames = settings.train, settings.balance.frames
        keras.utils.set_random_seed(train.seed)
        self.batch = 0
        self.buffers = Buffers(OUTPUTS, train.buffer, train.keep_full, train.uses_per_sample)
        self._settings = settings
        self._step = TrainStep(build(train.line, (picture[1], picture[0]), frames), train.learning_rate)
        self._who = Identity(train.model, train.line, architecture(self._step.model), picture)
        self._checkpointer = checkpointer
        self._lineage = Lineage()
        self._rng = np.random.default_rng(train.seed)
        self._dead_letters = DeadLetters(settings.kafka, "trainer")
        self._feed = Feed(
            settings.kafka, train.model, Shape(picture, frames, train.uses_per_sample), self._dead_letters
        )
        self._batches = Batches(self.buffers, self._rng, train.batch, picture, frames)
        self._steps = Publisher(settings.kafka, TrainingStep)
        self._scalars = Scalars(train.tensorboard / train.model)
        self._console = Console()
        self._loss: float | None = None
        self._waits = train.when_full == "wait"
        self._told_batch = 0
        self._learned_at = 0.0
        self._next_checkpoint = 0
        self._expire_at = 0.0

    def begin(self, heartbeat: Heartbeat, stop: Stop) -> bool:
        """Go on from the newest whole state, or begin at batch 0; false when told to stop meanwhile.

        Raises CannotResume, or TimeoutError when the buffers cannot be refilled.
        """
        manifests = resuming.states(self._settings.kafka, self._who.model)
        loaded = resuming.load(self._settings.kafka, manifests, self._who.architecture)
        if loaded is not None:
            manifest, saved = loaded
            self._step.load_state(saved.model)
            self.batch = self._told_batch = manifest.batch
            self._lineage = Lineage(manifest.spans)
            self._feed.position = saved.position
            resuming.restore(saved, self.buffers, self._rng, self._feed, resuming.Progress(heartbeat, stop))
            if manifest == manifests[0]:  # else older weights are now the newest, and everybody should know
                self._next_checkpoint = self.batch + self._settings.train.checkpoint_every
                self._checkpointer.batch = self.batch
        self._feed.start()
        return not stop()

    def take_in(self) -> None:
        """Take the samples that have arrived; drop those that the log holds no more."""
        self._feed.take(self.buffers, self._wants_more)
        if time.monotonic() >= self._expire_at:
            self._expire_at = time.monotonic() + _EXPIRE_S
            low = self._feed.low()
            if low is not None:
                self.buffers.expire(low)
            self._feed.commit()

    def draw(self) -> bool:
        """Draw a batch ahead, if the buffers allow it; tells whether it did.

        None is drawn across a checkpoint: its state must know exactly the samples that its weights were trained on.
        """
        before_checkpoint = self.batch + self._batches.in_flight < self._next_checkpoint
        may = before_checkpoint and self._batches.room and self.buffers.ready and self._filled
        if may:
            self._batches.draw()
        return may

    def learn(self) -> bool:
        """One optimizer step on the batch that was drawn first; false when none was."""
        if not self._batches.in_flight:
            return False
        start_s = time.perf_counter()
        batch = self._batches.take(self._feed.reject)
        if not batch.samples:
            return False
        learned = self._step(batch.inputs(), batch.labels(OUTPUTS))
        self.batch += 1
        self._loss, self._learned_at = learned["loss"], time.monotonic()
        self._lineage.add(batch.samples, batch.used_up)
        self._publish_step(learned, time.perf_counter() - start_s)
        return True

    def checkpoint_if_due(self) -> None:
        """Publish weights and state every so many batches. Raises Fenced."""
        if self.batch >= self._next_checkpoint and not self._batches.in_flight:
            self._publish_checkpoint()
            self._next_checkpoint = self.batch + self._settings.train.checkpoint_every
        self._checkpointer.tidy()

    def tell(self, heartbeat: Heartbeat) -> None:
        """The console line and the heartbeat, each when its time has come."""
        heartbeat.rate.add(self.batch - self._told_batch)
        self._told_batch = self.batch
        self._console.show(self.buffers, self.batch, heartbeat.rate.per_second(), self._loss)
        figures = {f"buffer_{output}": float(len(buffer)) for output, buffer in self.buffers.by_output.items()}
        figures |= {name: float(count) for name, count in asdict(self.buffers.counts).items()}
        figures |= {"buffer_capacity": float(self.buffers.capacity), "buffered": float(self.buffers.buffered)}
        figures |= {"batch": float(self.batch), "checkpoint": float(self._checkpointer.batch)}
        if self._loss is not None:
            figures["loss"] = self._loss
        running = time.monotonic() < self._learned_at + _STILL_RUNNING_S
        note = f"batch {self.batch}" if running else self._waits_for()
        heartbeat.beat("running" if running else "waiting", lag=self._feed.lag, note=note, force=False, **figures)

    def finish(self) -> None:
        """Learn from what was drawn already and publish a last checkpoint, if there is anything new in it."""
        while self._batches.in_flight:
            self.learn()
        if self.batch > self._checkpointer.batch:
            self._publish_checkpoint(_LAST_CHECKPOINT_S)

    def close(self) -> None:
        self._batches.close()
        self._feed.close()
        self._scalars.close()
        self._steps.flush(1.0)
        self._dead_letters.flush(1.0)

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

    def _waits_for(self) -> str:
        least = min(map(len, self.buffers.by_output.values()))
        return f"filling buffers {least}/{self.buffers.capacity}"

    def _publish_checkpoint(self, timeout_s: float = 15.0) -> None:
        state = saving.pack(self._step.state(), self.buffers, self._rng, self._feed.position)
        weights = self._step.weights_for_driving()
        self._checkpointer.publish(self._who, self.batch, weights, state, self._lineage.spans, timeout_s)

    def _publish_step(self, learned: dict[str, float], seconds: float) -> None:
        step = TrainingStep(
            model=self._who.model,
            batch=self.batch,
            time=now(),
            loss=learned["loss"],
            losses={output: learned[f"{output}_loss"] for output in OUTPUTS},
            errors={output: learned[output] for output in OUTPUTS},
            learning_rate=self._settings.train.learning_rate,
            seconds=seconds,
            buffers={output: len(buffer) for output, buffer in self.buffers.by_output.items()},
            capacity=self.buffers.capacity,
        )
        self._steps.send_or_drop(topics.TRAINING, step, self._who.model)
        errors = {f"errors/{output}": error for output, error in step.errors.items()}
        losses = {f"losses/{output}": loss for output, loss in step.losses.items()}
        self._scalars.add(self.batch, {"loss": step.loss, **losses, **errors, "charts/seconds": seconds})
