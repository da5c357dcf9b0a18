"""A process that follows a model as a player does, and says on standard output what it has:
`python -m benchmarks.follower BOOTSTRAP PREFIX`."""

from __future__ import annotations

import sys

from charles.base.shutdown import Stop
from charles.checkpoints.follower import ModelFollower
from charles.settings import Kafka

MODEL = "large"
ARCHITECTURE = "a" * 64
READY = "ready"


def main() -> None:
    bootstrap, prefix = sys.argv[1:]
    stop = Stop()
    follower = ModelFollower(Kafka(bootstrap_servers=bootstrap, prefix=prefix), MODEL, ARCHITECTURE)
    print(READY, flush=True)
    while not stop():
        if (found := follower.poll(0.25)) is not None:
            print(found[0].artefact, flush=True)
    follower.close()


if __name__ == "__main__":
    main()
