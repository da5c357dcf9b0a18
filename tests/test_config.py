"""The document that the whole pipeline agrees on: what it accepts, and how it changes. Pure."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.base.typed_sections import ConfigError
from charles.config import Config, changed, current_name, differences, flat, from_json
from charles.models import LINES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("train.batch=many", ["train.batch", "valid integer", "'many'", "the same number from each buffer"]),
        ("train.batch=3", ["train.batch", "multiple of 2", "3"]),
        ("balance.bins=20", ["balance.bins", "must be odd", "20"]),
        ("balance.bins=1", ["balance.bins", "greater than or equal to 3"]),
        ("balance.bin=21", ["balance.bin: no such setting; balance accepts: version, history, frames, bins"]),
        ("ballance.bins=21", ["ballance: no such setting; charles accepts: game, outputs, collect"]),
        ("outputs=steering,brakes", ["outputs", "acceleration_braking, steering", "brakes"]),
        ("outputs=steering,steering", ["outputs", "outputs must be unique"]),
        ("outputs=[]", ["outputs", "at least 1"]),
        ("collect.weather=snow", ["collect.weather", "'fog'", "'snow'"]),
        ("train.line=pilto", ["train.line", "'pilot'", "'pilto'"]),
        ("train.model=My Model", ["train.model", "pattern"]),
        ("train.buffer=10", ["train.buffer", "a batch takes", "is fewer"]),
        ("train", ["train: a change is FIELD=VALUE"]),
        ("train=5", ["train: is a section; name one of its fields: line, model, buffer"]),
        ("train.batch.size=5", ["train.batch.size: batch is a field"]),
    ],
)
def test_a_wrong_change_names_the_field_and_what_it_accepts(change: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        changed(Config(), [change])
    for word in words:
        assert word in str(caught.value)


def test_several_changes_are_made_at_once_or_not_at_all() -> None:
    config = changed(
        Config(), ["balance.bins=11", "outputs=steering", "train.model=mine", "collect.disturbances=false"]
    )
    assert (config.balance.bins, config.outputs, config.model) == (11, ("steering",), "mine")
    assert config.collect.disturbances is False
    with pytest.raises(ConfigError) as caught:
        changed(config, ["balance.bins=4", "train.batch=5"])
    assert len(str(caught.value).splitlines()) == 2


def test_what_must_fit_together_may_be_changed_together() -> None:
    with pytest.raises(ConfigError, match=r"train\.buffer"):
        changed(Config(), ["train.buffer=15"])
    assert changed(Config(), ["train.buffer=15", "train.batch=8"]).train.buffer == 15


def test_a_value_is_json_or_plain_text_and_null_takes_a_choice_back() -> None:
    config = changed(Config(), ['train.model="quoted"', 'outputs=["steering","acceleration_braking"]'])
    assert config.outputs == ("acceleration_braking", "steering")  # in the one order that everybody has
    assert config.model == "quoted"
    assert changed(config, ["train.model=null"]).model == config.train.line


def test_differences_are_told_field_by_field() -> None:
    config = changed(Config(), ["balance.bins=11", "play.swap=at once"])
    assert list(differences(Config(), config)) == [("balance.bins", 21, 11), ("play.swap", "unstuck", "at once")]
    assert list(differences(config, config)) == []


@given(st.sampled_from(sorted(flat(Config()))), st.integers(1, 10_000))
def test_what_is_written_is_what_is_read(field: str, value: int) -> None:
    try:
        config = changed(Config(), [f"{field}={value}"])
    except ConfigError:
        return
    assert from_json(config.model_dump_json()) == config
    assert changed(Config(), [f"{name}={json.dumps(v)}" for name, v in flat(config).items()]) == config


def test_a_document_of_another_version_is_refused_with_the_fields_name() -> None:
    document = json.loads(Config().model_dump_json()) | {"autopilot": True}
    with pytest.raises(ConfigError, match="autopilot: no such setting"):
        from_json(json.dumps(document))


def test_every_line_can_be_chosen() -> None:
    for line in LINES:
        assert changed(Config(), [f"train.line={line}"]).train.line == line


def test_former_names_of_fields_are_understood() -> None:
    former = from_json('{"train": {"keep_full": 0.5, "uses_per_sample": 3}}')
    assert (former.train.min_fill, former.train.max_times_sampled) == (0.5, 3)
    assert changed(Config(), ["train.keep_full=0.5", "train.uses_per_sample=3"]) == former
    assert flat(former).keys() == flat(Config()).keys()
    with pytest.raises(ConfigError, match="keep_full is the former name of min_fill: give only one of them"):
        from_json('{"train": {"keep_full": 0.5, "min_fill": 0.5}}')


def test_a_former_name_is_known_wherever_a_field_is_named() -> None:
    assert current_name("train.keep_full") == "train.min_fill"
    assert current_name("train.min_fill") == "train.min_fill"
    assert [current_name(field) for field in ("train", "outputs", "nothing.keep_full")] == [
        "train",
        "outputs",
        "nothing.keep_full",
    ]
    with pytest.raises(ConfigError, match="min_fill is a field and has no fields of its own"):
        changed(Config(), ["train.keep_full.x=1"])
