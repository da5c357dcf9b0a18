"""`charles ledger`: where every tick went, and whether the ledger adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charles.cli.printing import say, table_console
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.events import RunLedger
    from charles.ledger.sample_ledger import TrainerLedger
    from charles.ledger.tick_ledger import Totals

_SHOWN_BINS = 10


def ledger_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    by_bin: Annotated[
        bool, typer.Option("--by-bin", help="Print the surplus of every bin, not only of the ten largest.")
    ] = False,
) -> None:
    """Print what became of every tick (per collector and run) and of every sample (per model). Exit code 1 if the
    ledger does not add up.

    What no sum can tell is told below it: ticks that a collector dropped before they reached Kafka, runs in more than
    one partition, and records that should be ledgers and are none. Includes programs that reported within the last
    hour.

    Example: charles ledger --json
    """
    with clear_errors():
        from charles.control.status_topic import all_heartbeats
        from charles.kafka.clients import require_broker
        from charles.ledger import sample_ledger
        from charles.ledger.tick_ledger import oddities, read_with_strays, total

        settings = load_settings()
        require_broker(settings.kafka)
        heartbeats = list(all_heartbeats(settings.kafka))
        trainers = sample_ledger.newest_of_trainers(heartbeats)
        ledgers, strays = read_with_strays(settings.kafka)
        odd = oddities(ledgers, (status for status in heartbeats if status.program == "collector"), strays)
        totals = total(ledgers)
        learned = sample_ledger.against(totals.terms["emitted"], trainers)
        if as_json:
            import json

            say(json.dumps(_facts(ledgers, totals, learned, odd), indent=2))
        else:
            _print_tables(ledgers, totals, learned, odd, None if by_bin else _SHOWN_BINS)
        if not (all(ledger.adds_up for ledger in ledgers) and all(model.adds_up for model in learned)):
            raise typer.Exit(1)


def _facts(ledgers: list[RunLedger], totals: Totals, learned: list[TrainerLedger], odd: list[str]) -> dict[str, Any]:
    from charles.base.latency import percentiles
    from charles.events import TERMS
    from charles.ledger.tick_ledger import BESIDE

    return {
        "adds_up": all(ledger.adds_up for ledger in ledgers),
        "odd": odd,
        "seen": totals.seen,
        **totals.terms,
        "beside": totals.beside,
        "surplus_by": totals.surplus_by,
        "latency_s": percentiles(totals.latencies),
        "runs": [
            {"collector": ledger.collector, "run": ledger.run, "seen": ledger.seen, "adds_up": ledger.adds_up}
            | {term: getattr(ledger, term) for term in (*TERMS, *BESIDE, "surplus_by")}
            | {"latency_s": percentiles(ledger.latencies)}
            for ledger in ledgers
        ],
        "trainers": [
            {"model": each.model, "trainer": each.trainer, "time": each.time.isoformat(), "adds_up": each.adds_up}
            | {"emitted": each.emitted, "read": each.read, **each.terms, "ahead": each.ahead}
            for each in learned
        ],
    }


def _print_tables(
    ledgers: list[RunLedger], totals: Totals, learned: list[TrainerLedger], odd: list[str], largest: int | None
) -> None:

    from rich.text import Text

    from charles.base.latency import words

    console = table_console()
    console.print(_runs(ledgers, totals))
    adds_up = all(ledger.adds_up for ledger in ledgers)
    right = Text("The ledger adds up, but:" if odd else "The ledger adds up.", "yellow" if odd else "green")
    verdict = right if adds_up else Text("The ledger does not add up.", "bold red")
    console.print(verdict if ledgers else "No ticks yet.")
    for sentence in odd:
        console.print(f"- {sentence}.", soft_wrap=True, highlight=False)
    if totals.latencies:
        console.print(f"From capture to its set: {words(totals.latencies)}.")
    if totals.surplus_by:
        console.print(_surplus(totals, largest))
    if learned:
        console.print(_trainers(learned))


def _runs(ledgers: list[RunLedger], totals: Totals) -> Any:
    from rich.table import Table

    from charles.events import TERMS
    from charles.ledger.tick_ledger import BESIDE

    table = Table(title="seen = " + " + ".join(term.replace("_", "-") for term in TERMS))
    for column in ("collector", "run"):
        table.add_column(column)
    for column in ("seen", *TERMS, *BESIDE):
        table.add_column(column.replace("_", " "), justify="right", style="dim" if column in BESIDE else None)
    for ledger in ledgers:
        figures = (str(getattr(ledger, column)) for column in ("seen", *TERMS, *BESIDE))
        table.add_row(ledger.collector, ledger.run, *figures, style=None if ledger.adds_up else "red")
    table.add_section()
    table.add_row("", "all", str(totals.seen), *map(str, (totals.terms | totals.beside).values()), style="bold")
    return table


def _surplus(totals: Totals, largest: int | None) -> Any:
    """The causes of surplus ticks; largest: number of rows, None: all."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("surplus of")
    for column in ("ticks", "share"):
        table.add_column(column, justify="right")
    rows = list(totals.surplus_by.items())
    kept, rest = rows[:largest], rows[len(rows[:largest]) :]
    if rest:
        kept.append((f"{len(rest)} others: --by-bin", sum(ticks for _of, ticks in rest)))
    for of, ticks in kept:
        table.add_row(Text(of), f"{ticks:,}", f"{100 * ticks / sum(totals.surplus_by.values()):.1f} %")
    return table


def _trainers(learned: list[TrainerLedger]) -> Any:
    from rich.table import Table
    from rich.text import Text

    from charles.ledger.sample_ledger import TERMS

    table = Table(title="emitted = " + " + ".join(TERMS))
    for column in ("model", "trainer"):
        table.add_column(column)
    for column in ("emitted", *TERMS):
        table.add_column(column, justify="right")
    table.add_column("ahead of it in the log", justify="right", style="dim")
    table.add_column("adds up")
    for each in learned:
        figures = [str(each.emitted), *map(str, each.terms.values()), str(each.ahead) if each.ahead >= 0 else "?"]
        verdict = Text("yes", "green") if each.adds_up else Text("NO", "bold red")
        table.add_row(each.model, each.trainer, *figures, verdict)
    return table
