"""What the chaos shows of itself: how far it is, and at its end the tables and the promises."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.chaos.directing import Story, Tell
from tests.chaos.judging import Verdict
from tests.chaos.performing import Chaos
from tests.chaos.schedule import Deed


def bar(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[told]}"), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)


def teller(progress: Progress, chaos: Chaos) -> Tell:
    """Moves the bar: kills and ticks count for a half each."""
    task = progress.add_task(f"seed {chaos.seed}", total=2.0, told="")

    def tell(story: Story, what: str) -> None:
        struck, ticks = kills(story), story.halves // 2
        told = f"{struck} kills, {ticks:,} ticks, {story.samples:,} samples; {what}"
        done = struck / chaos.kills + min(ticks / chaos.ticks, 1.0)
        progress.update(task, completed=done, told=told)

    return tell


def kills(story: Story) -> int:
    return sum(count for deed, count in story.deeds.items() if deed.kills)


def show(chaos: Chaos, story: Story, verdict: Verdict, console: Console) -> None:
    console.print(_what_was_done(story))
    console.print(_what_became_of_it(verdict))
    console.print(
        f"{story.seconds:.0f} s, then settled within {story.drained_s:.0f} s; without a new sample for "
        f"{story.longest_pause_s:.1f} s at the longest"
    )
    for promise, kept, otherwise in verdict.lines():
        mark = "[green]PASS[/]" if kept else "[bold red]FAIL[/]"
        console.print(f"{mark} {promise}" + ("" if kept else f": {escape(otherwise)}"))
    console.print(f"seed {chaos.seed}: " + ("[green]passed[/]" if verdict.passed else "[bold red]failed[/]"))


def _what_was_done(story: Story) -> Table:
    table = Table("what was done", "times")
    table.columns[1].justify = "right"
    for deed in Deed:
        table.add_row(deed.value, str(story.deeds[deed]))
    table.add_row("started again: had given up without a broker", str(story.given_up))
    table.add_section()
    table.add_row("kills", str(kills(story)), style="bold")
    return table


def _what_became_of_it(verdict: Verdict) -> Table:
    table = Table("what became of it", "how many")
    table.columns[1].justify = "right"
    rows = {"ticks acknowledged": verdict.acknowledged, "ticks seen": verdict.seen}
    rows |= {f"  {term.replace('_', '-')}": count for term, count in verdict.terms.items()}
    rows |= {
        "records of no tick": verdict.odd,
        "runs": verdict.runs,
        "samples": verdict.samples,
        "sets": verdict.sets.total(),
    }
    rows |= {f"  {version}": verdict.sets[version] for version in sorted(verdict.sets)}
    for row, count in rows.items():
        table.add_row(row, f"{count:,}")
    return table
