"""Removes secrets from output: passwords, tokens and keys of the settings, and userinfo in URLs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote

HIDDEN = "***"
_SECRET_NAME = re.compile(r"password|secret|token|jaas|key|credential|user\.?info|assertion", re.IGNORECASE)
_INSIDE = re.compile(r"""(?:password|secret|key|token)\s*=\s*["']?([^"';\s]+)""", re.IGNORECASE)
"""Secrets within a value, as in sasl.jaas.config."""
_LINE_OF_A_KEY = 16
_USERINFO = re.compile(r"(?<=://)[^/\s]*@")


def is_secret(name: str) -> bool:
    """Whether the value of a librdkafka property of this name is secret."""
    return _SECRET_NAME.search(name) is not None


class Redactor:
    """Replaces every secret in a text by ***."""

    def __init__(self, properties: Mapping[str, str] | None = None, url: str | None = None) -> None:
        """properties: librdkafka's; url: may contain a user's name and password."""
        values = [value for name, value in (properties or {}).items() if is_secret(name)]
        inside = [found for value in values for found in _INSIDE.findall(value)]
        secrets = {form for secret in (*values, *inside, *_of_url(url or "")) for form in _forms(secret)}
        longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if secrets else None

    def __call__(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        return _USERINFO.sub(f"{HIDDEN}@", text)


def _of_url(url: str) -> Iterable[str]:
    """The secrets in a URL: user and password together, as in an Authorization header, and the password alone."""
    found = re.match(r"[^/]*://([^/]*)@", url)
    if found is None:
        return []
    user, _, password = found[1].partition(":")
    header = base64.b64encode(unquote(found[1]).encode()).decode()
    return [found[1], header, password or user, unquote(password or user)]


def _forms(secret: str) -> Iterator[str]:
    """A secret, its forms as quoted in messages, and for a key each of its lines."""
    for part in (secret, secret.strip(), *(line for line in secret.splitlines() if len(line) >= _LINE_OF_A_KEY)):
        if part:
            yield from (part, repr(part)[1:-1], json.dumps(part)[1:-1], quote(part, safe=""))
