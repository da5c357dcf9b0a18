"""make fuzz: inputs by the hundred thousand for every reader, and a report by reader.

python -m tests.fuzz --count 100000 --seed 1
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.readers import readers

_HANGS_S = 120


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="inputs, over all readers")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="a report says its own")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--reader", help="only this one")
    given = parser.parse_args()
    logging.disable()
    told = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries of pictures tell there what is wrong with each
    with tempfile.TemporaryDirectory() as folder:
        every = readers(Path(folder))
        chosen = {name: reader for name, reader in every.items() if given.reader in (None, name)}
        if not chosen:
            parser.error(f"there is no reader {given.reader!r}; choose from: {', '.join(every)}")
        each, faults = max(given.count // len(chosen), 1), 0
        print(f"seed {given.seed}, {each:,} inputs for each of {len(chosen)} readers")
        print(f"{'reader':24} {'inputs':>8} {'read':>8} {'refused':>8} {'ms each':>8} {'slowest':>8} {'growth':>8}")
        for name, reader in chosen.items():
            faulthandler.dump_traceback_later(_HANGS_S + each, exit=True, file=told)
            found = fuzz(name, reader, given.seed, given.first, each)
            faults += len(found.faults)
            print(
                f"{name:24} {found.inputs:8,} {found.accepted:8,} {found.refused:8,} "
                f"{1000 * found.seconds / found.inputs:8.2f} {found.slowest:6.2f} s {found.growth >> 20:4} MiB"
                + (f"  {len(found.faults)} FAULTS" if found.faults else ""),
                flush=True,
            )
            for fault in found.faults[:3]:
                print(fault, file=told, flush=True)
    faulthandler.cancel_dump_traceback_later()
    print("no faults" if not faults else f"{faults:,} faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
