"""Pictures and tables of other projects become recordings as ours are."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from charles.avro.codec import decode
from charles.events import Control, Frame
from charles.recordings.edit.merge import merge
from charles.recordings.exchange import jpeg_folder
from charles.recordings.exchange.import_pictures import MILES_PER_HOUR, ImportOptions, ImportResult, import_folder
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.label_check import check
from charles.recordings.inspect.verify import verify
from tests.recordings.driving import drive, picture, placed
from tests.recordings.made import recorded

UDACITY_BEGAN = datetime(2016, 12, 1, 13, 30, 48, 287_000, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures, 0.jpg to 11.jpg."""
    (tmp_path / "IMG").mkdir()
    for number in range(12):
        (tmp_path / "IMG" / f"{number}.jpg").write_bytes(picture(number))
    return tmp_path


def table(folder: Path, heads: str | None, *rows: str) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([*([heads] if heads else []), *rows]) + "\n", encoding="utf-8")
    return path


def imported(folder: Path, path: Path, **options: object) -> tuple[ImportResult, list[Control], list[Frame]]:
    made = import_folder(folder / "IMG", path, folder / "new", ImportOptions(**options), "charles")  # type: ignore[arg-type]
    read = Recording.open(folder / "new")
    assert verify(read).ok
    controls = [decode(Control, each.value, read.manifest.find_schema) for each in read.read("controls", 0)]
    frames = [decode(Frame, each.value, read.manifest.find_schema) for each in read.read("frames", 0)]
    assert [each.moment for each in controls] == [each.moment for each in frames]
    assert [each.moment for each in read.read("frames", 0)] == [each.moment for each in frames]
    return made, controls, frames


def test_rows_become_ticks_at_their_times_and_pictures_stay_as_they_are(folder: Path) -> None:
    rows = [f"{n}.jpg,{0.1 * n - 0.5},0.5,0,7,{100 + n / 15}" for n in range(12)]
    made, controls, frames = imported(folder, table(folder, "image,steering,throttle,brake,speed,timestamp", *rows))
    assert (made.ticks, made.runs, made.too_many, made.gaps) == (12, 1, 0, 0)
    assert [each.tick for each in controls] == [2 * n for n in range(12)]
    assert [each.steering for each in controls] == [0.1 * n - 0.5 for n in range(12)]
    assert {(each.acceleration, each.braking, each.speed, each.yaw_rate) for each in controls} == {(0.5, 0.0, 7.0, 0.0)}
    assert [each.picture for each in frames] == [picture(n) for n in range(12)]
    assert {(each.width, each.height, each.late, each.dropped) for each in frames} == {(64, 36, 0, 0)}
    began = datetime.fromtimestamp((folder / "table.csv").stat().st_mtime + 100, UTC)
    assert abs(controls[0].time - began) < timedelta(milliseconds=1)
    assert [each.time for each in frames] == [each.time for each in controls]


def test_a_driving_log_of_udacitys_simulator_needs_no_options(folder: Path) -> None:
    """No header, Windows paths of another machine, times in names, miles an hour."""
    rows = []
    for n in range(12):
        time = UDACITY_BEGAN + timedelta(milliseconds=100 * n)
        name = f"center_{time:%Y_%m_%d_%H_%M_%S}_{time.microsecond // 1000:03d}.jpg"
        (folder / "IMG" / f"{n}.jpg").rename(folder / "IMG" / name)
        rows.append(f"C:\\Users\\me\\sim\\IMG\\{name}, IMG/left.jpg, IMG/right.jpg, -0.25, 0.5, 0, 30.19")
    made, controls, frames = imported(folder, table(folder, None, *rows))
    assert made.used["speed"] == ("speed", MILES_PER_HOUR)
    assert [each.tick for each in controls] == [3 * n for n in range(12)]
    assert controls[0].time == UDACITY_BEGAN
    assert {(each.steering, each.acceleration, round(each.speed, 2)) for each in controls} == {(-0.25, 0.5, 13.50)}
    assert [each.picture for each in frames] == [picture(n) for n in range(12)]


def test_what_is_exported_comes_back(tmp_path: Path) -> None:
    source = recorded(tmp_path / "source", placed(drive(40, steering=0.3, yaw_rate=0.2, heading=0.1, y=3.5)))
    jpeg_folder.export(source, tmp_path / "out")
    here = tmp_path / "out" / "c" / "r"
    import_folder(here, here / "labels.csv", tmp_path / "new", ImportOptions(collector="c"), "charles")
    new = Recording.open(tmp_path / "new")
    run = new.manifest.runs["c"][0]
    for topic, event in (("controls", Control), ("frames", Frame)):
        for before, after in zip(source.read(topic, 0), new.read(topic, 0), strict=True):
            one, other = (decode(event, each.value, new.manifest.find_schema) for each in (before, after))
            one.run = run  # type: ignore[misc]
            if isinstance(one, Frame):
                one.late = one.dropped = 0  # type: ignore[misc]
            assert one == other
            assert (before.key, before.timestamp, before.offset) == (after.key, after.timestamp, after.offset)


@pytest.mark.parametrize("between", [",", ";", "\t", " , "])
def test_columns_may_stand_apart_in_other_ways(between: str, folder: Path) -> None:
    lines = [between.join(cells) for cells in [("IMG", "Steering Angle", "gas", "time"), ("3.jpg", "0.5", "1", "0")]]
    _made, controls, _frames = imported(folder, table(folder, *lines))
    assert [(each.steering, each.acceleration) for each in controls] == [(0.5, 1.0)]


def test_columns_can_be_named_also_by_number(folder: Path) -> None:
    names = {"frame": "Still", "steering": "w", "throttle": "p", "time": "ms"}
    path = table(folder, "Still,w,p,ms", *(f"{n},{n / 20},0.25,{n * 1000 / 30}" for n in range(12)))
    _made, controls, _frames = imported(folder, path, columns=names, time_scale=0.001)
    assert [each.tick for each in controls] == list(range(12))
    (folder / "new").rename(folder / "old")
    numbers = {"frame": "1", "steering": "2", "throttle": "3"}
    bare = table(folder, None, *(f"{n},{n / 20},0.25" for n in range(12)))
    _made, again, _frames = imported(folder, bare, columns=numbers, fps=30.0)
    assert [each.steering for each in again] == [each.steering for each in controls]


@pytest.mark.parametrize(
    ("times", "ticks"),
    [
        ([f"2020-01-02T03:04:05.{n}00" for n in range(4)], [0, 3, 6, 9]),
        ([str(1_600_000_000 + n / 10) for n in range(4)], [0, 3, 6, 9]),
        ([str(1_600_000_000_000 + 100 * n) for n in range(4)], [0, 3, 6, 9]),
        ([str(1_600_000_000_000_000 + 100_000 * n) for n in range(4)], [0, 3, 6, 9]),
        (["0", "0.01", "0.033", "0.034"], [0, 1]),
        (["0", "0.1", "0.3", "0.4"], [0, 3, 9, 12]),
        (["0", "0.1", "30", "30.1"], [0, 3, 0, 3]),
    ],
)
def test_ticks_are_those_nearest_to_the_times(times: list[str], ticks: list[int], folder: Path) -> None:
    rows = [f"{n}.jpg,0,0.5,{time}" for n, time in enumerate(times)]
    made, controls, _frames = imported(folder, table(folder, "frame,steering,throttle,time", *rows))
    assert [each.tick for each in controls] == ticks
    assert made.too_many == len(times) - len(ticks)
    assert made.gaps == (1 if ticks == [0, 3, 9, 12] else 0)
    assert made.runs == len({each.run for each in controls}) == (2 if ticks == [0, 3, 0, 3] else 1)


def test_scales_bring_values_into_range_and_a_throttle_below_0_brakes(folder: Path) -> None:
    path = table(folder, "frame,angle,throttle,time", *(f"{n}.jpg,{5 * n},{50 - 10 * n},{n / 30}" for n in range(11)))
    scales = {"steering": -0.02, "throttle": 0.02}
    _made, controls, _frames = imported(folder, path, scales=scales)
    assert [each.steering for each in controls] == [5 * n * -0.02 for n in range(11)]
    assert [each.acceleration_braking for each in controls] == [(50 - 10 * n) * 0.02 for n in range(11)]


@pytest.mark.parametrize(
    ("heads", "row", "words"),
    [
        ("frame,steering,throttle,time", "3.jpg,25,0,0.1", r"row 5, column steering: 25 is .* --steering-scale 0.04"),
        ("frame,steering,gas,brake,time", "3.jpg,0,-1,0,0.1", r"row 5, column gas: -1 is not in"),
        ("frame,steering,throttle,time", "3.jpg,left,0,0.1", "row 5, column steering: 'left' is not a number"),
        ("frame,steering,throttle,time", "3.jpg,nan,0,0.1", "row 5, column steering: 'nan' is not a number"),
        ("frame,steering,throttle,time", "3.jpg,0,0", "row 5 has 3 columns, but needs at least 4"),
        ("frame,steering,throttle,time", "99.jpg,0,0,0.1", "row 5: no picture 99.jpg in "),
        ("frame,steering,throttle,time", "../table.csv,0,0,0.1", "row 5: no picture ../table.csv in "),
        ("frame,steering,throttle,time", "broken.jpg,0,0,0.1", "row 5: .*broken.jpg is not a readable picture"),
        ("frame,steering,throttle,time", "3.jpg,0,0,0", "row 5: its time is before that of row 4: sort the table"),
        ("frame,steering,throttle,time", "3.jpg,0,0,soon", "row 5, column time: 'soon' is not a valid time"),
        ("frame,steering,throttle,time", "3.jpg,0,0,inf", "row 5, column time: inf is not a valid time"),
        ("frame,steering,throttle,time", "3.jpg,0,0,nan", "row 5, column time: nan is not a valid time"),
        ("frame,steering,throttle,time", "3.jpg,0,0,1e308", "row 5, column time: 1e308 is not a valid time"),
        ("frame,steering,throttle,time,speed", "3.jpg,0,0,0.1,1e30", "row 5: speed must be in"),
        ("frame,steering,throttle,time", "9" * 5_000 + ".jpg,0,0,0.1", "row 5: no picture 9999"),
        ("frame,steering,throttle", "3.jpg,0,0", "has no known column for time: .* rows per second with --fps"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_row_and_column(heads: str, row: str, words: str, folder: Path) -> None:
    (folder / "IMG" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    columns = len(heads.split(","))
    good = [",".join([f"{n}.jpg", *["0"] * (columns - 2), str(n / 30)][:columns]) for n in range(3)]
    with pytest.raises(RecordingError, match=words):
        imported(folder, table(folder, heads, *good, row))
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([], {}, "has no rows"),
        (["0.jpg,0,0,0"], {"columns": {"speed": "kmh"}}, "has no column kmh; columns: frame, steering, throttle, time"),
        (["0.jpg,0,0,0"], {"collector": "a b"}, "'a b' is not a valid collector name"),
        (["0.jpg,0,0,0", "1.jpg,0,0,33"], {}, "rows are 33 s apart: .* --time-scale 0.001"),
    ],
)
def test_what_cannot_be_meant_is_told(rows: list[str], options: dict[str, object], words: str, folder: Path) -> None:
    with pytest.raises(RecordingError, match=words):
        imported(folder, table(folder, "frame,steering,throttle,time", *rows), **options)
    with pytest.raises(RecordingError, match="no such file:"):
        imported(folder, folder / "nowhere.csv")


def test_other_pictures_become_jpegs(folder: Path) -> None:
    pixels = np.full((36, 64, 3), 100, np.uint8)
    cv2.imwrite(str(folder / "IMG" / "a.png"), pixels)
    _made, _controls, frames = imported(folder, table(folder, "frame,steering,throttle,time", "a.png,0,0,0"))
    shown = cv2.imdecode(np.frombuffer(frames[0].picture, np.uint8), cv2.IMREAD_COLOR)
    assert frames[0].picture[:2] == b"\xff\xd8"
    assert shown is not None
    assert np.abs(shown.astype(int) - pixels).max() <= 1


def test_the_same_table_makes_the_same_names_and_two_go_together(folder: Path, tmp_path: Path) -> None:
    rows = [f"{n}.jpg,0,0.5,{n / 30}" for n in range(12)]
    path = table(folder, "frame,steering,throttle,time", *rows)
    sources = []
    for name, collector in (("one", "a"), ("two", "a"), ("three", "b")):
        import_folder(folder / "IMG", path, folder / name, ImportOptions(collector=collector), "charles")
        sources.append(Recording.open(folder / name))
    assert sources[0].manifest.runs == sources[1].manifest.runs
    assert merge(sources, folder / "all") == 2 * 12
    assert Recording.open(folder / "all").lengths["frames"].records == 24


def test_labels_without_telemetry_are_not_called_junk_for_it(folder: Path) -> None:
    """Steering, pedals and a speed were recorded, 10 times a second, and nothing else."""
    rng = np.random.default_rng(3)
    steering = np.clip(np.cumsum(rng.normal(0, 0.1, 600)) * 0.2, -1, 1)
    rows = [
        f"{n % 12}.jpg,{steering[n]},{0.5 + 0.3 * math.sin(n / 9)},0,{10 + 2 * math.sin(n / 30)},{n / 10}"
        for n in range(600)
    ]
    imported(folder, table(folder, "frame,steering,throttle,brake,speed,time", *rows))
    report = check(Recording.open(folder / "new"))
    assert (report.ticks, report.found) == (600, [])
