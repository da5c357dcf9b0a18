"""`charles plot`: pictures of what the topics hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.balancing.label_counts import LabelCounts

app = typer.Typer(help="Draw what the topics hold. Example: charles plot balance", no_args_is_help=True)


@app.command()
def balance(
    out: Annotated[Path, typer.Option(help="Where balance.png and balance.html go.")] = Path("data/plots"),
    bins: Annotated[
        int | None,
        typer.Option(min=3, max=201, help="Of each axis, an odd number.", show_default="the configuration's"),
    ] = None,
    epoch: Annotated[
        int | None,
        typer.Option(help="Whose balancing to draw; `charles config history` lists them.", show_default="the last"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Draw the joint histogram of steering and pedals, as driven and balanced, as a PNG and as an interactive page.

    Prints how even the bins are: the largest over the smallest that is not empty, as driven, in each output's own sets,
    and of the other outputs in these samples. A minute is a minute of one car, 1,800 ticks.

    Example: charles plot balance --out pictures
    """
    if bins is not None and bins % 2 == 0:
        raise typer.BadParameter("must be an odd number: 0 has a bin of its own", param_hint="--bins")
    with clear_errors():
        from charles.base.progress import step_bar
        from charles.control import config_topic
        from charles.kafka.clients import require_broker
        from charles.plots.balance import draw, read_counts

        kafka = load_settings().kafka
        require_broker(kafka)
        with step_bar("records") as progress:
            counts = read_counts(kafka, config_topic.read(kafka), epoch, bins, progress)
        paths = draw(out, counts)
        if as_json:
            _print_json(counts, paths)
        else:
            _print_table(counts, paths)


@app.command()
def loss(
    training: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="Of a training from a recording, or a recording.", show_default="the topic training"
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Whose.", show_default="the last one that said something")] = None,
    out: Annotated[Path, typer.Option(help="Where loss.png goes.")] = Path("data/plots"),
) -> None:
    """Draw what a training still gets wrong, over its batches.

    Example: charles plot loss data/offline/pilot-monday
    """
    with clear_errors():
        from charles import topics
        from charles.events import TrainingStep
        from charles.kafka.clients import require_broker
        from charles.kafka.event_reader import events
        from charles.plots.balance import NothingToDraw
        from charles.plots.loss import draw_loss
        from charles.plots.losses import losses_of, recorded_steps

        if training is None:
            kafka = load_settings().kafka
            require_broker(kafka)
            losses = losses_of(events(kafka, topics.TRAINING, TrainingStep), model)
        else:
            losses = losses_of(recorded_steps(training), model)
        if len(losses.batches) < 2:
            raise NothingToDraw(
                f"{training or 'the topic training'} holds less than two batches of {model or 'any model'}"
            )
        draw_loss(out / "loss.png", losses)
        typer.echo(f"Drawn: {out / 'loss.png'}, {len(losses.batches):,} batches")


def _print_json(counts: LabelCounts, paths: list[Path]) -> None:
    import json

    from charles.balancing.evenness import minutes, rows

    drive = counts.drive
    facts = {
        "balancing": counts.version,
        "ticks": drive.ticks,
        "minutes": minutes(counts),
        "collectors": len(drive.last),
        "began": drive.began and drive.began.isoformat(),
        "ended": drive.ended and drive.ended.isoformat(),
        "samples": counts.samples,
        "sets": [row.as_json() for row in rows(counts)],
        "files": [str(path) for path in paths],
    }
    typer.echo(json.dumps(facts, indent=2))


def _print_table(counts: LabelCounts, paths: list[Path]) -> None:
    from rich.console import Console
    from rich.table import Table

    from charles.balancing.evenness import HEADS, minutes, rows
    from charles.base.time_format import utc

    console = Console()
    drive = counts.drive
    collectors = f"{len(drive.last)} collector{'s' * (len(drive.last) > 1)}"
    span = f"from {utc(drive.began)} to {utc(drive.ended)}" if drive.began and drive.ended else ""
    console.print(
        f"{drive.ticks:,} ticks of {collectors}, {minutes(counts):.1f} minutes of driving, captured "
        f"{span}. {counts.samples:,} samples ({counts.version})."
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for head in HEADS:
        table.add_column(head, justify="left" if head == HEADS[0] else "right", no_wrap=head == HEADS[0])
    for row in rows(counts):
        table.add_row(*row.words())
    console.print(table)
    console.print("The figures of bins: the largest over the smallest that is not empty.")
    console.print("Drawn: " + ", ".join(map(str, paths)), soft_wrap=True)
