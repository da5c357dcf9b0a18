"""A training from a recording: the trainer that runs on topics, with its ends in files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing

from charles.base.pictures import Size
from charles.base.shutdown import Stop
from charles.base.tensorflow_import import loading_tensorflow
from charles.control.offline_link import OfflineLink
from charles.recordings.format.errors import RecordingError
from consumers.trainer.checkpoint_folder import CheckpointFolder, StepsFile
from consumers.trainer.interfaces import TrainingInterfaces
from consumers.trainer.jpeg import size_of
from consumers.trainer.offline.plan import TrainingOutcome, TrainingPlan
from consumers.trainer.offline.recorded_samples import Samples
from consumers.trainer.offline.recording_feed import RecordedFeed
from consumers.trainer.progress_bar import ProgressBar
from consumers.trainer.sample_intake import SampleShape


def train(plan: TrainingPlan, samples: Samples, refuse: Callable[[str, str], None], stop: Stop) -> TrainingOutcome:
    """Train, or go on, until everything is learned from, all batches are, or somebody says stop; what was learned is
    then in the folder.

    refuse: is told what cannot be used, and why. Raises AnotherTraining, CannotResume, RecordingError, Unwritable.
    """
    settings, config = plan.settings, plan.settings.config
    with ExitStack() as opened:
        steps = opened.enter_context(closing(StepsFile(plan.folder, settings.kafka.prefix)))
        plan.facts.claim(plan.folder)
        folder, picture = CheckpointFolder(plan.folder, steps), _picture_size(plan, samples)
        with loading_tensorflow():
            from consumers.trainer.console_and_tensorboard import Scalars
            from consumers.trainer.determinism import be_deterministic
            from consumers.trainer.training_loop import Training

        if plan.deterministic:
            be_deterministic()
        shape = SampleShape.of(settings, picture)
        feed = opened.enter_context(closing(RecordedFeed(samples, shape, refuse, plan.passes, stop)))
        scalars = opened.enter_context(closing(Scalars(plan.folder / "tensorboard")))
        bar = ProgressBar(lambda: feed.share, config.train.batch, plan.batches)
        training = opened.enter_context(
            closing(
                Training(
                    settings,
                    picture,
                    TrainingInterfaces(feed, folder, steps.tell, scalars, bar),
                    recording=plan.facts.recording,
                    batches=plan.batches,
                )
            )
        )
        link = OfflineLink(stop)
        try:
            if training.begin(link, folder.load()):
                training.run(link, lambda: ())
        except RecordingError:  # damaged somewhere: what was learned until there is kept
            training.finish()
            raise
        if training.done and not training.batch:
            raise RecordingError(
                f"{plan.recording.folder} gives {training.buffers.counts.read} usable samples, too few for one batch "
                f"of {config.train.batch}, which needs the same number from each kind of set "
                f"({', '.join(training.buffers.kinds)})"
            )
        return TrainingOutcome(training.batch, training.buffers.counts.read, training.buffers.buffered, training.done)


def _picture_size(plan: TrainingPlan, samples: Samples) -> Size:
    jpeg = samples.picture()
    if jpeg is None:
        raise RecordingError(f"{plan.recording.folder} has nothing to train on: no readable pictures")
    return size_of(jpeg)
