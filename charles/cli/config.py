"""`charles config`: shows and changes the pipeline's configuration while it runs."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charles.cli.printing import say, table_console
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.config import Config
    from charles.control.config_topic import Epoch, Epochs
    from charles.settings import Kafka

app = typer.Typer(
    help="Show and change the pipeline's configuration while it runs. Example: charles config set balance.bins=11",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_DEFAULTS = "the defaults"


@app.command()
def show(
    field: Annotated[
        str | None, typer.Argument(help="Field or section to show, such as train.", show_default="all")
    ] = None,
    epoch: Annotated[int | None, typer.Option(help="Epoch to show instead of the current one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the current configuration, or that of an earlier epoch.

    Example: charles config show train
    """
    with clear_errors():
        found = _epoch(_epochs(), epoch)
        values = _of(field, found.config)
        if as_json:
            say(json.dumps({"epoch": found.number, "fields": values}, indent=2))
            return
        from rich.table import Table

        from charles.config import Config, flat

        defaults = flat(Config())
        table = Table(title=_title(found), title_justify="left", box=None, pad_edge=False)
        for column in ("field", "value", "default"):
            table.add_column(column)
        for name, value in values.items():
            differs = value != defaults[name]
            default = _text(defaults[name]) if differs else ""
            table.add_row(name, _text(value), default, style="bold" if differs else None)
        table_console().print(table)


@app.command("set")
def set_command(
    changes: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE...", help="FIELD=VALUE, such as balance.bins=11.")
    ],
) -> None:
    """Change one or more fields in a single change. Every affected program applies it at once.

    Example: charles config set outputs=steering train.buffer=2000
    """
    with clear_errors():
        from charles.config import changed
        from charles.control import config_topic

        kafka = _kafka()
        before = config_topic.read(kafka).newest
        after = config_topic.put(kafka, lambda config: changed(config, changes))
        if after.number == before.number:
            say(f"Nothing to change: {_title(after)} already has these values.")
            return
        say(f"{_title(after)}:")
        _print_differences(before.config, after.config)
        _warn_of_unknown_game(after.config.game)


@app.command()
def diff(
    first: Annotated[int, typer.Argument(help="First epoch; -1: the defaults.")] = -1,
    second: Annotated[int | None, typer.Argument(help="Second epoch.", show_default="the current one")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the fields that differ between two epochs.

    Example: charles config diff 3
    """
    with clear_errors():
        from charles.config import differences

        epochs = _epochs()
        old, new = _epoch(epochs, first), _epoch(epochs, second)
        if as_json:
            changes = {name: {"old": a, "new": b} for name, a, b in differences(old.config, new.config)}
            say(json.dumps({"from": old.number, "to": new.number, "fields": changes}, indent=2))
            return
        say(f"From {_title(old)} to {_title(new)}:")
        _print_differences(old.config, new.config)


@app.command()
def history(as_json: AsJson = False) -> None:
    """Print every change: when, by whom, and which fields.

    Example: charles config history
    """
    with clear_errors():
        held = _epochs().held
        if as_json:
            say(json.dumps([_facts(old, new) for old, new in pairwise(held)], indent=2))
            return
        if len(held) == 1:
            say("No changes yet: the defaults apply.")
        for old, new in pairwise(held):
            say(f"{_title(new)}:")
            _print_differences(old.config, new.config)


def _warn_of_unknown_game(game: str) -> None:
    """Warn only: the game may be installed on the machines that play it, and not here."""
    from importlib.metadata import entry_points

    installed = sorted({point.name for point in entry_points(group="charles.games")})
    if game not in installed:
        say(f"Warning: no game {game!r} is installed here; installed: {', '.join(installed)}.", err=True)


def _kafka() -> Kafka:
    from charles.kafka import topic_admin

    kafka = load_settings().kafka
    topic_admin.ensure(kafka)
    return kafka


def _epochs() -> Epochs:
    """What was set so far. To look creates nothing."""
    from charles.control import config_topic
    from charles.kafka.clients import require_broker
    from charles.kafka.reading import NoTopic

    kafka = load_settings().kafka
    require_broker(kafka)
    try:
        return config_topic.read(kafka)
    except NoTopic:
        say(f"There are no topics {kafka.prefix}.* at {kafka.bootstrap_servers} yet: the defaults apply.", err=True)
        return config_topic.Epochs()


def _epoch(epochs: Epochs, number: int | None) -> Epoch:
    """The epoch of this number; None: the current one. Raises ConfigError."""
    return epochs.newest if number is None else epochs.numbered(number)


def _of(field: str | None, config: Config) -> dict[str, Any]:
    """The fields of this name, or in this section. Raises ConfigError."""
    from charles.config import ConfigError, current_name, flat

    values = flat(config)
    if field is None:
        return values
    field = current_name(field)
    found = {name: value for name, value in values.items() if name == field or name.startswith(f"{field}.")}
    if not found:
        raise ConfigError(f"{field}: no such field or section; choose from: {', '.join(type(config).model_fields)}")
    return found


def _facts(old: Epoch, new: Epoch) -> dict[str, Any]:
    from charles.config import differences

    changes = {name: {"old": a, "new": b} for name, a, b in differences(old.config, new.config)}
    when = new.time.isoformat() if new.time else None
    return {"epoch": new.number, "time": when, "author": new.author, "fields": changes}


def _title(epoch: Epoch) -> str:
    from charles.base.time_format import local

    if epoch.time is None:
        return _DEFAULTS
    return f"epoch {epoch.number}, {local(epoch.time)}, {epoch.author}"


def _print_differences(old: Config, new: Config) -> None:
    from charles.config import differences

    for name, before, after in differences(old, new):
        say(f"  {name}: {_text(before)} -> {_text(after)}")


def _text(value: Any) -> str:
    return "unset" if value is None else ",".join(value) if isinstance(value, list) else json.dumps(value).strip('"')
