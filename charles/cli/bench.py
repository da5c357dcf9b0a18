"""`charles bench`: how fast the pipeline is, compared with bare baselines."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from charles.cli.printing import say, table_console
from charles.cli.run_command import clear_errors


def bench_command(
    name: Annotated[
        str, typer.Argument(help="Benchmark to run, or all. An unknown name lists the benchmarks.")
    ] = "all",
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds; each round measures both sides once.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Benchmark the pipeline against bare baselines that do the same work, in alternating rounds on a separate broker.

    Running all takes about fifteen minutes (more on a busy machine) and 8 GB in the folder for temporary files.

    Example: charles bench publish --rounds 7
    """
    with clear_errors():
        import importlib
        import json
        from dataclasses import asdict

        from charles.base.terminal import TextConsole

        results = importlib.import_module("benchmarks.running").run(name, rounds, TextConsole(stderr=True))
        if as_json:
            say(json.dumps([asdict(result) for result in results], indent=2))
        else:
            table_console().print(_table(results))


def _table(results: list[Any]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        "benchmark", box=None, pad_edge=False, caption="↑ higher is better, ↓ lower is better", caption_justify="left"
    )
    table.columns[0].no_wrap = True
    for column in ("ours", "baseline", "unit", "ratio", "min..max", "aim", "met"):
        table.add_column(column, justify="left" if column in ("unit", "aim", "met") else "right", no_wrap=True)
    for result in results:
        met = {True: Text("yes", "green"), False: Text("no", "red"), None: Text("")}[result.met]
        spread = "..".join(_ratio(bound) if result.ratio else _figure(bound) for bound in (result.low, result.high))
        unit = f"{result.unit} {'↑' if result.better == 'more' else '↓'}"
        figures = _figure(result.ours), _figure(result.yardstick), unit, _ratio(result.ratio), spread
        table.add_row(result.name, *figures, result.aim, met)
    return table


def _figure(value: float | None) -> str:
    """Three significant digits, and always all digits before the decimal point."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
