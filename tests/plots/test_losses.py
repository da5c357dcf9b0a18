"""What is drawn of a training, where it went back, changed its outputs, or is not alone in its topic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from charles.plots.losses import losses_of, recorded_steps
from consumers.trainer.checkpoint_folder import StepsFile
from tests.cli.test_offline import step


def test_the_later_account_of_a_batch_holds_and_other_outputs_are_left_out() -> None:
    before = replace(step(1, 9.0), losses={"steering": 9.0})
    told = [before, step(2, 5.0), step(3, 4.0), step(2, 3.0), step(7, 8.0, model="other"), step(3, 2.0)]
    losses = losses_of(told)
    assert (losses.batches, losses.by_output["steering"]) == ([2, 3], [3.0, 2.0])
    assert losses_of(told, "other").batches == [7]
    assert losses_of(told, "nobody").batches == []


def test_a_training_that_went_on_has_one_account(tmp_path: Path) -> None:
    for batches in ((1, 2, 3), (3, 4)):
        steps = StepsFile(tmp_path, "charles")
        for batch in batches:
            steps.tell(step(batch, 1.0))
        steps.close()
    assert [each.batch for each in recorded_steps(tmp_path)] == [1, 2, 3, 3, 4]
    assert losses_of(recorded_steps(tmp_path)).batches == [1, 2, 3, 4]
