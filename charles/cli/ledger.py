"""charles ledger: where every tick went, and whether it adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charles.cli.running import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.events import RunLedger
    from charles.ledger import Totals


def ledger_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Print what became of every tick, per collector and run, and whether it adds up; exit 1 when it does not.

    Example: charles ledger --json
    """
    with clear_errors():
        from charles.kafka import require_broker
        from charles.ledger import read, total

        settings = load_settings()
        require_broker(settings.kafka)
        ledgers = read(settings.kafka)
        totals = total(ledgers)
        if as_json:
            import json

            typer.echo(json.dumps(_facts(ledgers, totals), indent=2))
        else:
            _print_table(ledgers, totals)
        if not all(ledger.adds_up for ledger in ledgers):
            raise typer.Exit(1)


def _facts(ledgers: list[RunLedger], totals: Totals) -> dict[str, Any]:
    from charles.ledger import BESIDE, TERMS

    return {
        "adds_up": all(ledger.adds_up for ledger in ledgers),
        "seen": totals.seen,
        **totals.terms,
        "beside": totals.beside,
        "runs": [
            {"collector": ledger.collector, "run": ledger.run, "seen": ledger.seen, "adds_up": ledger.adds_up}
            | {term: getattr(ledger, term) for term in (*TERMS, *BESIDE)}
            for ledger in ledgers
        ],
    }


def _print_table(ledgers: list[RunLedger], totals: Totals) -> None:
    from rich.console import Console
    from rich.table import Table

    from charles.ledger import BESIDE, TERMS

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
    console = Console()
    console.print(table)
    verdict = "[green]It adds up.[/]" if totals.adds_up else "[bold red]It does not add up.[/]"
    console.print(verdict if ledgers else "No tick was seen yet.")
