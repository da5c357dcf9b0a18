"""balance.png and balance.html show whatever was counted, and the page needs nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from charles.balancing.label_counts import LabelCounts
from charles.base.atomic_file import Unwritable
from charles.config import Config
from charles.plots.balance import HTML, PNG, draw
from charles.plots.balance_figure import figure
from charles.plots.style import marks
from tests.balancing.test_label_counts import CONFIGS, by_version, counted
from tests.patience import PATIENCE_S
from tests.plots.drives import config, control

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.parametrize("settings", CONFIGS, ids=by_version)
def test_every_balancing_and_every_type_of_output_can_be_drawn(settings: Config, tmp_path: Path) -> None:
    counts = counted(settings, 3000)
    assert [path.name for path in draw(tmp_path / "new", counts)] == [PNG, HTML]
    drawn = {output.value for output in counts.outputs if not counts.own_axis(output)}
    with Image.open(tmp_path / "new" / PNG) as picture:
        picture.load()
        assert picture.size == (1440, 1080 if drawn else 780)


def test_one_tick_that_was_driven_and_none_that_was_balanced_can_be_drawn(tmp_path: Path) -> None:
    counts = LabelCounts(config())
    counts.add_control(control(0, 0.0, 0.0))
    draw(tmp_path, counts)
    assert (tmp_path / PNG).stat().st_size > 0


def test_what_never_came_has_no_colour_and_what_came_says_how_often() -> None:
    counts = LabelCounts(config("balance.bins=3"))
    for tick, steering in enumerate([0.0, 0.0, 0.0, -1.0]):
        counts.add_control(control(tick, 1.0, steering))
    driven = figure(counts).data[0]
    assert [[z is not None for z in row] for row in driven.z] == [[False] * 3, [False] * 3, [True, True, False]]
    assert driven.text[2][1] == "steering 0<br>acceleration / braking (0, 1]<br>3 times, 75 %"


def test_the_page_can_show_the_sets_of_one_output_alone() -> None:
    drawn = figure(counted(config("balance.bins=5"), 1000))
    buttons = drawn.layout.updatemenus[0].buttons
    assert [button.label for button in buttons] == ["all sets", "acceleration / braking sets", "steering sets"]
    shown, maps = buttons[2].args
    assert [drawn.data[number].name for number, yes in zip(maps, shown["visible"], strict=True) if yes] == ["steering"]


def test_words_stand_where_the_values_lie() -> None:
    axis = LabelCounts(config()).axis
    places, names = marks(axis, "steering")
    assert names == ["full left", "-0.5", "0", "0.5", "full right"]
    assert places[0] == axis.bin_of(-1.0)
    assert places[2] == axis.bin_of(0.0)
    assert places[3] == axis.bin_of(0.5) + 0.5  # the upper edge of (0.4, 0.5]
    assert places[4] == axis.bin_of(1.0)
    assert marks(LabelCounts(config(), 3).axis, "steering") == ([0, 1, 2], ["full left", "0", "full right"])


def test_the_page_holds_everything_that_it_shows(tmp_path: Path) -> None:
    page = draw(tmp_path, counted(config("balance.bins=5"), 1000))[1].read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)\b[^>]*\b(src|href)=", page)
    assert "default-src 'none'" in page
    assert "<td>1, flat</td>" in page


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no browser here")
def test_a_browser_without_a_network_draws_the_page_and_complains_of_nothing(tmp_path: Path) -> None:
    page = draw(tmp_path, counted(config("balance.bins=5"), 1000))[1]
    told = subprocess.run(
        [
            str(BROWSER),
            *("--headless", "--no-sandbox", "--disable-gpu", "--proxy-server=127.0.0.1:1", "--enable-logging=stderr"),
            *(f"--user-data-dir={tmp_path / 'browser'}", "--virtual-time-budget=10000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert told.stdout.count('class="trace bars"') == 6  # as plotly names what it draws
    assert told.stdout.count('class="hm"') == 2
    assert "balanced (v3)" in told.stdout
    assert "CONSOLE" not in told.stderr


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("")
    with pytest.raises(Unwritable, match=r"balance\.png cannot be written"):
        draw(tmp_path / "plots", counted(config("balance.bins=5"), 500))
