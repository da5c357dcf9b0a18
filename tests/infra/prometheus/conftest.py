"""One pipeline for all tests here, with a Prometheus that looks at it where there is one.

test_every_page.py comes first: later its programs are killed, and some of what they count begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.infra.prometheus.live import Watched, hurried, watched

HURRY = 15
"""So many times sooner than they say the alerts fire here."""


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("watched"), hurried(HURRY)) as pipeline:
        pipeline.until(pipeline.drives)
        yield pipeline
