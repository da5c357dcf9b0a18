"""`charles plot`: plots of the balance and of the training loss."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.balancing.label_counts import LabelCounts

app = typer.Typer(
    help="Plot the balance of the data, or the training loss. Example: charles plot balance", no_args_is_help=True
)


@app.command()
def balance(
    out: Annotated[Path, typer.Option(help="Folder for balance.png and balance.html.")] = Path("data/plots"),
    bins: Annotated[
        int | None,
        typer.Option(min=3, max=201, help="Number of bins per axis; must be odd.", show_default="the configuration's"),
    ] = None,
    epoch: Annotated[
        int | None,
        typer.Option(
            help="Configuration epoch whose balancing to plot; `charles config history` lists them.",
            show_default="the last",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Plot the joint histogram of steering and pedals, as driven and balanced, as a PNG and as an interactive page.

    Also prints how even the bins are, as the ratio of the largest bin to the smallest non-empty bin: as driven, in each
    output's own sets, and for the other outputs in the same samples. A minute is one minute of driving by one car,
    1,800 ticks.

    Example: charles plot balance --out pictures
    """
    if bins is not None and bins % 2 == 0:
        raise typer.BadParameter("must be odd, because 0 has its own bin", param_hint="--bins")
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
            metavar="DIR",
            help="Folder of a training from a recording, or a recording.",
            show_default="the topic training",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Whose.", show_default="the one that trained last")] = None,
    out: Annotated[Path, typer.Option(help="Folder for loss.png.")] = Path("data/plots"),
) -> None:
    """Plot the training loss over batches.

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
                f"{training or 'the topic training'} has fewer than two batches of {model or 'any model'}"
            )
        draw_loss(out / "loss.png", losses)
        say(f"Drawn: {out / 'loss.png'}, {len(losses.batches):,} batches")


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
    say(json.dumps(facts, indent=2))


def _print_table(counts: LabelCounts, paths: list[Path]) -> None:
    from rich.table import Table

    from charles.balancing.evenness import HEADS, minutes, rows
    from charles.base.terminal import TextConsole
    from charles.base.time_format import utc

    console = TextConsole()
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
    console.print("Bin figures are the largest bin divided by the smallest non-empty bin.")
    console.print("Drawn: " + ", ".join(map(str, paths)), soft_wrap=True)
