"""Records a pipeline while the recorder is killed, replays it into a second broker, and compares every record.

python -m tests.roundtrip --minutes 5 --kills 10 --seed 7
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.roundtrip.trip import Trip, travel


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.roundtrip", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--kills", type=int, default=10, help="of the recorder")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="default: any")
    asked = parser.parse_args()
    console, folder = Console(highlight=False), Path(tempfile.mkdtemp(prefix="charles-roundtrip-"))
    console.print(f"seed {asked.seed}; all of it is in {folder}")
    trip = Trip(asked.minutes * 60, asked.kills, asked.seed)
    try:
        found = travel(trip, folder, console.print)
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        sys.exit(130)
    for line in found.lines():
        console.print(line, markup=False, soft_wrap=True)
    if found.differences:
        sys.exit(f"seed {asked.seed} failed; all of it is kept in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
