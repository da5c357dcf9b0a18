"""Secrets do not get out."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.base.redaction import Redactor, is_secret

SECRETS = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4, max_size=40)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(secret=SECRETS.filter(str.strip), before=WORDS, after=WORDS)
def test_a_secret_is_in_no_text_however_it_is_quoted(secret: str, before: str, after: str) -> None:
    redactor = Redactor({"sasl.password": secret})
    for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe="")):
        assert form not in redactor(f"{before}{form}{after}")


@pytest.mark.parametrize(
    "name",
    [
        "sasl.password",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.keystore.password",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.assertion.private.key.pem",
        "sasl.jaas.config",
    ],
)
def test_the_secrets_among_librdkafkas_properties_are_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["security.protocol", "sasl.username", "ssl.ca.location", "group.id"])
def test_what_is_no_secret_may_be_read(name: str) -> None:
    assert not is_secret(name)
    assert Redactor({name: "readable"})("a readable text") == "a readable text"


@pytest.mark.parametrize("text", ["https://reader:p%40ss@registry:8081/subjects", "GET http://tok3n@registry/ failed"])
def test_no_url_keeps_its_user(text: str) -> None:
    redacted = Redactor()(text)
    assert "//***@registry" in redacted
    assert "p%40ss" not in redacted
    assert "tok3n" not in redacted


def test_the_password_of_the_registrys_url_is_in_no_text_not_even_as_a_header() -> None:
    redactor = Redactor(url="https://reader:p%40ssword@registry:8081")
    header = base64.b64encode(b"reader:p@ssword").decode()
    assert redactor(f"wrong: p@ssword, p%40ssword, Basic {header}") == "wrong: ***, ***, Basic ***"


def test_a_private_key_is_hidden_whole_and_line_by_line() -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEF", "-----END PRIVATE KEY-----"]
    redactor = Redactor({"ssl.key.pem": "\n".join(lines)})
    assert redactor("key:\n" + "\n".join(lines)) == "key:\n***"
    assert redactor(f"| {lines[1]}") == "| ***"


def test_the_password_within_a_jaas_line_is_hidden_alone_too() -> None:
    redactor = Redactor({"sasl.jaas.config": 'PlainLoginModule required username="me" password="hunter2";'})
    assert redactor("me, hunter2") == "me, ***"
