"""What is asked of Grafana, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from charles.settings import ConfigError, Grafana
from infra.grafana.client import Annotation, Api, GrafanaAway, GrafanaRefused
from tests.grafana_double import PASSWORD, TOKEN, Double, serving
from tests.ports import free_port

NOON = datetime(2026, 1, 2, 12, 0, 0, 123_000, tzinfo=UTC)
SOMETHING = Annotation(NOON, "checkpoint pilot@100", ("checkpoint", "model:pilot"))


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def settings(double: Double) -> Iterator[Grafana]:
    with serving(double) as settings:
        yield settings


@pytest.fixture
def api(settings: Grafana) -> Api:
    return Api(settings)


def test_an_annotation_stands_at_its_own_time_with_our_tag_and_its_own(api: Api, double: Double) -> None:
    assert api.annotate(SOMETHING)
    [one] = double.annotations
    assert one["time"] == 1_767_355_200_123
    assert one["tags"] == ["charles", "checkpoint", "model:pilot"]
    assert one["text"] == "checkpoint pilot@100"


def test_what_is_there_already_is_not_written_again(api: Api, double: Double) -> None:
    assert api.annotate(SOMETHING)
    assert not api.annotate(SOMETHING)
    assert api.annotate(Annotation(NOON, "something else at the same time", ()))
    assert len(double.annotations) == 2


def test_words_are_no_html(api: Api, double: Double) -> None:
    api.annotate(Annotation(NOON, "<script>alert(1)</script> & more", ()))
    assert double.annotations[0]["text"] == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"
    assert not api.annotate(Annotation(NOON, "<script>alert(1)</script> & more", ()))


def test_a_token_comes_before_user_and_password_and_a_file_may_hold_the_password(
    settings: Grafana, tmp_path: Path
) -> None:
    with_both = Grafana(url=settings.url, token=TOKEN, password="guessed")  # noqa: S106
    assert Api(with_both).annotate(SOMETHING)
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    assert Api(Grafana(url=settings.url, password_file=secret)).dashboard("nothing") is None


def test_a_path_before_the_api_is_kept(double: Double, settings: Grafana) -> None:
    with pytest.raises(GrafanaRefused, match=r"404.*including its path"):
        Api(Grafana(url=f"{settings.url}/grafana/", password=PASSWORD)).annotate(SOMETHING)
    assert double.asked == 1


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ((401, {"message": "Unauthorized"}), GrafanaRefused, "answers 401: Unauthorized; GRAFANA_TOKEN"),
        ((403, {"message": "no"}), GrafanaRefused, "answers 403: .*Editor"),
        ((429, {"message": "slow down"}), GrafanaAway, "answers 429"),
        ((502, "<html>bad gateway</html>"), GrafanaAway, "answers 502"),
        ((200, "<html>welcome</html>"), GrafanaRefused, "is not a Grafana"),
        ((200, {"not": "a list"}), GrafanaRefused, "is not a Grafana"),
        ((302, ""), GrafanaRefused, "redirects elsewhere"),
    ],
)
def test_each_answer_says_what_to_do(api: Api, double: Double, answer: Any, error: type[Exception], says: str) -> None:
    double.fails_next.append(answer)
    with pytest.raises(error, match=says):
        api.annotate(SOMETHING)
    assert double.annotations == []


def test_that_nobody_answers_is_told_in_the_system_s_words() -> None:
    nobody = Api(Grafana(url=f"http://127.0.0.1:{free_port()}", password=PASSWORD))
    with pytest.raises(GrafanaAway, match=r"no Grafana answers at http://127.0.0.1:\d+ \(Connection refused\)"):
        nobody.annotate(SOMETHING)


def test_who_asks_must_be_said() -> None:
    with pytest.raises(ConfigError, match="set GRAFANA_TOKEN"):
        Api(Grafana(token=None, password=None))


@pytest.mark.parametrize("url", ["grafana:3000", "http://admin:admin@grafana", "ftp://grafana"])
def test_an_address_with_a_password_or_none_at_all_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"url|URL"):
        Grafana(url=url)
