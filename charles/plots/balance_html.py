"""balance.html: the interactive version of balance.png, one file that loads nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from charles.balancing.evenness import HEADS, EvennessRow, rows
from charles.balancing.label_counts import LabelCounts
from charles.base.atomic_file import written
from charles.base.names import markup
from charles.plots.balance_figure import figure
from charles.plots.style import FAINT, FONT, INK, PAPER

_ALLOWED = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Content security policy: the page may not load anything from elsewhere."""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{allowed}">
<title>Charles: balance</title>
<style>
body {{ margin: 2rem auto; max-width: 1440px; padding: 0 1rem; }}
body {{ font-family: {font}; color: {ink}; background: {paper}; }}
h1 {{ font-size: 1.5rem; margin: 0; }}
p {{ opacity: 0.7; margin: 0.4rem 0; }}
table {{ border-collapse: collapse; margin: 1rem 0 0.5rem; }}
th, td {{ padding: 0.3rem 1.2rem 0.3rem 0; text-align: right; border-bottom: 1px solid {faint}; }}
th:first-child, td:first-child {{ text-align: left; }}
</style>
</head>
<body>
<h1>Label balance: as driven and as trained on</h1>
<p>Point at a bin for its figures, drag to zoom in, double-click to zoom out, click on a kind of set to hide it.</p>
{figure}
{table}
<p>Bin figures: the largest bin divided by the smallest non-empty one. A minute is a minute of driving, 1,800 ticks.</p>
</body>
</html>
"""
_CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def draw_html(path: Path, counts: LabelCounts) -> None:
    """Write balance.html, 5 MB, most of which is the plotting library. Raises Unwritable."""
    drawn = figure(counts).to_html(full_html=False, include_plotlyjs=True, div_id="balance", config=_CONFIG)
    look: Mapping[str, str] = {"ink": INK, "paper": PAPER, "faint": FAINT, "font": FONT, "allowed": _ALLOWED}
    page = _PAGE.format(figure=drawn, table=_table(rows(counts)), **look)
    with written(path) as file:
        file.write_text(page, encoding="utf-8")


def _table(every: Iterable[EvennessRow]) -> str:
    head, *body = (
        "".join(f"<{tag}>{markup(cell)}</{tag}>" for cell in line)
        for tag, line in (("th", HEADS), *(("td", row.words()) for row in every))
    )
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in body)}</table>"
