"""Grafana's HTTP API, as the annotator and `charles grafana` use it; its errors say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace

from charles.base.names import markup
from charles.base.time_format import to_ms
from charles.settings import ConfigError, Grafana

TAG = "charles"
"""What all our annotations and dashboards have."""
CHECKPOINT, TRAINING, CONFIG, LINE, ALARM, DEAD_LETTER = (
    "checkpoint", "training", "config", "line", "alarm", "deadletter",
)  # fmt: skip
"""The kinds of annotations: each has at least one of these tags, by which dashboards select."""

_TIMEOUT_S = 10.0
_LONGEST_TEXT_CHARACTERS = 1000
_LONGEST_TAG_CHARACTERS = 100
_NOT_FOUND_STATUS = 404
_TOO_MANY_STATUS = 429


class GrafanaAway(RuntimeError):
    """Grafana does not answer properly now; a retry may help."""


class GrafanaRefused(RuntimeError):
    """Grafana refuses; a retry does not help."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something that happened. time: UTC; text: plain; tags: beside `charles`."""

    time: datetime
    text: str
    tags: tuple[str, ...]


class Api:
    """What is asked of one Grafana. Every method raises GrafanaAway and GrafanaRefused."""

    def __init__(self, settings: Grafana) -> None:
        """Raises ConfigError where nobody said who asks, OSError for a file of a password that cannot be read."""
        self._url = settings.url
        place = urlsplit(settings.url)
        self._face = GrafanaFace(
            auth=_credentials(settings),
            protocol=place.scheme,
            host=place.netloc,
            url_path_prefix=f"{place.path.strip('/')}/".lstrip("/"),
            timeout=_TIMEOUT_S,
        )
        self._face.api.s.max_redirects = 0  # a POST that is redirected becomes a GET, and nothing is written

    def annotate(self, annotation: Annotation) -> bool:
        """Write it, if it is not there yet: an answer that was lost, or a crash, must not repeat it. Tells whether it
        was written."""
        milliseconds = to_ms(annotation.time)
        tags = [TAG, *(tag[:_LONGEST_TAG_CHARACTERS] for tag in annotation.tags)]
        text = markup(annotation.text[:_LONGEST_TEXT_CHARACTERS])  # Grafana shows HTML
        with self._errors():
            there = self._face.annotations.get_annotation(time_from=milliseconds, time_to=milliseconds, tags=[TAG])
            if any((one.get("time"), one.get("text")) == (milliseconds, text) for one in there):
                return False
            self._face.annotations.add_annotation(time_from=milliseconds, tags=tags, text=text)["id"]
            return True

    def dashboard(self, uid: str) -> dict[str, Any] | None:
        """A dashboard as Grafana has it, None where it has none."""
        with self._errors():
            found = self._or_none(self._face.dashboard.get_dashboard, uid)
            return None if found is None else dict(found["dashboard"])

    def push(self, dashboard: dict[str, Any], folder: str, message: str) -> None:
        """Put a dashboard into a folder, over what is there under its uid. folder: its uid."""
        wanted = {"dashboard": dashboard, "folderUid": folder, "overwrite": True, "message": message}
        with self._errors():
            self._face.dashboard.update_dashboard(wanted)["uid"]

    def make_folder(self, uid: str, title: str) -> None:
        """Make a folder, if there is none of this uid."""
        with self._errors():
            if self._or_none(self._face.folder.get_folder, uid) is None:
                self._face.folder.create_folder(title, uid)["uid"]

    @staticmethod
    def _or_none(ask: Any, uid: str) -> Any:
        try:
            return ask(uid)
        except GrafanaException as error:
            if error.status_code == _NOT_FOUND_STATUS:
                return None
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise GrafanaRefused(
                f"the certificate of {self._url} is not trusted ({_reason(error)}); set REQUESTS_CA_BUNDLE to a file "
                f"with its CA"
            ) from None
        except (requests.ConnectionError, requests.Timeout) as error:
            raise GrafanaAway(
                f"no Grafana answers at {self._url} ({_reason(error)}); set GRAFANA_URL to use another"
            ) from None
        except requests.TooManyRedirects:
            raise GrafanaRefused(f"{self._url} redirects elsewhere; set GRAFANA_URL to the final address") from None
        except (ValueError, LookupError, TypeError, AttributeError):  # no JSON, or not what Grafana answers
            raise GrafanaRefused(f"the server at {self._url} is not a Grafana; set GRAFANA_URL to one") from None
        except GrafanaException as error:
            told = f"Grafana at {self._url} answers {error.status_code}: {' '.join(str(error.message).split())}"
            if error.status_code >= 500 or error.status_code == _TOO_MANY_STATUS:
                raise GrafanaAway(told) from None
            raise GrafanaRefused(told + _ADVICE.get(error.status_code, "")) from None


_ADVICE = {
    401: "; GRAFANA_TOKEN, or CHARLES_GRAFANA__USER and GRAFANA_PASSWORD, are wrong for this Grafana",
    403: "; the role of the token or user must be at least Editor",
    _NOT_FOUND_STATUS: "; check that GRAFANA_URL is complete, including its path",
}


def _credentials(settings: Grafana) -> str | tuple[str, str]:
    if settings.token:
        return settings.token
    password = settings.password
    if settings.password_file is not None:
        password = settings.password_file.read_text().strip()
    if not password:
        raise ConfigError("no login for Grafana: set GRAFANA_TOKEN, or GRAFANA_PASSWORD and CHARLES_GRAFANA__USER")
    return settings.user, password


def _reason(error: requests.RequestException) -> str:
    """Why a server cannot be reached, in the operating system's words where there are any."""
    if isinstance(error, requests.Timeout):
        return f"no answer within {_TIMEOUT_S:g} s"
    problem: BaseException | None = error
    while problem is not None and not (isinstance(problem, OSError) and problem.strerror):
        problem = problem.__cause__ or problem.__context__
    return "no connection" if problem is None else str(getattr(problem, "strerror", problem))
