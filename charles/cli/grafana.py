"""`charles grafana`: uploads the dashboards to a Grafana, and compares them with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from infra.grafana.client import Api

app = typer.Typer(
    help="Upload the dashboards to any Grafana. Set GRAFANA_URL to its address, and GRAFANA_TOKEN (or "
    "CHARLES_GRAFANA__USER and GRAFANA_PASSWORD) to log in. Example: charles grafana push",
    no_args_is_help=True,
)

_SHOWN_PLACES = 5
_GRAFANAS_OWN = ("id", "version")


@app.command()
def push(
    folder: Annotated[
        str, typer.Option(help="Title of the dashboard folder; created if it does not exist.")
    ] = "Charles",
) -> None:
    """Upload every dashboard to a folder. Replaces existing dashboards with the same uid.

    In your own Grafana, choose as data source a Prometheus that scrapes the pipeline.

    Example: GRAFANA_URL=https://grafana.example.org charles grafana push --folder Driving
    """
    uid = _uid(folder)
    with clear_errors():
        from charles.version import VERSION
        from infra.grafana.dashboards_json import dashboards

        grafana = _grafana()
        grafana.make_folder(uid, folder)
        for dashboard in dashboards():
            grafana.push(dashboard, uid, f"charles {VERSION}")
            say(f"Uploaded {dashboard['title']} to {folder}")


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False) -> None:
    """Compare every dashboard with the one in Grafana and print the differences. Exit code 1 if there are any.

    Example: charles grafana check
    """
    with clear_errors():
        from infra.grafana.dashboards_json import dashboards

        grafana = _grafana()
        found = {dashboard["title"]: _compared(dashboard, grafana) for dashboard in dashboards()}
        if as_json:
            say(json.dumps(found, indent=2))
        else:
            for title, places in found.items():
                _tell(title, places)
        if any(places != [] for places in found.values()):
            raise typer.Exit(1)


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """The differences between two JSON documents: each path with both values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(name), theirs.get(name), f"{path}.{name}" if path else name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(*pair, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path}: expected {_shortly(ours)}, found {_shortly(theirs)}"


def _compared(ours: dict[str, Any], grafana: Api) -> list[str] | None:
    """The differences between a dashboard and Grafana's copy; None: Grafana has no copy."""
    theirs = grafana.dashboard(ours["uid"])
    return None if theirs is None else [*differences(_without(ours), _without(theirs))]


def _tell(title: str, places: list[str] | None) -> None:
    if places is None:
        say(f"{title} is missing; run `charles grafana push` to upload it")
        return
    say(
        f"{title} " + (f"differs in {len(places)} place{'s' if len(places) > 1 else ''}" if places else "is up to date")
    )
    for place in places[:_SHOWN_PLACES]:
        say(f"  {place}")
    if len(places) > _SHOWN_PLACES:
        say(f"  and {len(places) - _SHOWN_PLACES} more")


def _without(dashboard: dict[str, Any]) -> dict[str, Any]:
    """A dashboard without the fields that Grafana adds."""
    return {name: value for name, value in dashboard.items() if name not in _GRAFANAS_OWN}


def _grafana() -> Api:
    from infra.grafana.client import Api

    return Api(load_settings().grafana)


def _uid(folder: str) -> str:
    """A folder's uid, derived from its title, so that a second push goes to the same folder."""
    words = "".join(character if character.isascii() and character.isalnum() else " " for character in folder.lower())
    if not words.split():
        raise typer.BadParameter(f"{folder!r} is not a valid folder title: it needs a letter or a digit")
    return "-".join(words.split())[:40]


def _shortly(value: Any, most: int = 60) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
