"""`charles bench`: how fast the pipeline is, beside yardsticks."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from charles.cli.running import clear_errors


def bench_command(
    name: Annotated[str, typer.Argument(help="Which one; `charles bench` lists them all.")] = "all",
    rounds: Annotated[int, typer.Option(min=1, help="How often each side has its turn.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Measure the pipeline beside yardsticks that do the same work bare, by turns, on a broker of its own.

    All of them take about eight minutes and 6 GB in the folder for temporary files. Ratios mean something on a busy
    machine too.

    Example: charles bench publish --rounds 7
    """
    with clear_errors():
        import importlib
        import json
        from dataclasses import asdict

        from rich.console import Console

        results = importlib.import_module("benchmarks.running").run(name, rounds, Console(stderr=True))
        if as_json:
            typer.echo(json.dumps([asdict(result) for result in results], indent=2))
        else:
            Console().print(_table(results))


def _table(results: list[Any]) -> Any:
    from rich.table import Table

    table = Table("benchmark", box=None, pad_edge=False)
    for column in ("ours", "yardstick", "unit", "better", "ratio", "min..max", "aim", ""):
        table.add_column(column, justify="left" if column in ("unit", "better", "aim", "") else "right", no_wrap=True)
    for result in results:
        met = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[result.met]
        spread = f"{result.low:.2f}..{result.high:.2f}"
        ours, yardstick = _figure(result.ours), _figure(result.yardstick)
        row = (result.name, ours, yardstick, result.unit, result.better, f"{result.ratio:.2f}", spread)
        table.add_row(*row, result.aim, met)
    return table


def _figure(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
