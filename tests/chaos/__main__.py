"""Kills everything at random moments and shows that nothing is lost, repeated, torn or mixed up.

python -m tests.chaos --seed 7 --kills 20 --ticks 20000
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from infra.kafka import BrokerError
from tests.chaos.directing import Stuck
from tests.chaos.performing import Chaos, perform
from tests.chaos.report import bar, show, teller


def main() -> None:
    chaos = _asked()
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="charles-chaos-"))
    console.print(f"seed {chaos.seed}: {chaos.kills} kills, at least {chaos.ticks:,} ticks; all of it is in {folder}")
    failed = f"seed {chaos.seed} failed; all of it is kept in {folder}"
    try:
        with bar(console) as progress:
            story, verdict = perform(chaos, folder, teller(progress, chaos))
    except (Stuck, BrokerError) as error:
        sys.exit(f"FAIL {error}\n{failed}")
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        sys.exit(130)
    show(chaos, story, verdict, console)
    if not verdict.passed:
        sys.exit(failed)
    shutil.rmtree(folder)


def _asked() -> Chaos:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="default: any")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--ticks", type=int, default=100_000, help="that are acknowledged, at least")
    parser.add_argument("--poison", type=float, default=0.0, help="odd records for each tick, such as 0.01")
    asked = parser.parse_args()
    return Chaos(asked.seed, asked.kills, asked.ticks, poison=asked.poison)


if __name__ == "__main__":
    main()
