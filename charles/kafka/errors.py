"""Errors of a cluster that refuses a request. Waiting does not help, unlike with an unreachable cluster, so the
messages say what to do."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message

from charles.settings import Kafka

UNREACHABLE = (KafkaError._TRANSPORT, KafkaError._RESOLVE)
"""Codes of errors that say that one broker cannot be reached."""
_UNAVAILABLE = (*UNREACHABLE, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN)
_NOT_ALLOWED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)
_CLOSED_TLS = "SSL connection closed by peer"
_ACLS = "`charles acls` shows what each program needs"


class AccessRefused(RuntimeError):
    """The cluster answers but refuses; the message says what and what to do."""


def unavailable(error: KafkaError) -> bool:
    """Whether it says that no broker answers: then waiting helps."""
    return error.code() in _UNAVAILABLE


def not_allowed(error: KafkaError | None) -> bool:
    """Whether it is an ACL that is missing."""
    return error is not None and error.code() in _NOT_ALLOWED


def of_connection(kafka: Kafka, error: KafkaError) -> AccessRefused | None:
    """The AccessRefused error for a client's error callback, if the error means that login fails; otherwise None."""
    if error.code() == KafkaError._AUTHENTICATION:
        user = kafka.client_properties.get("sasl.username", "this user")
        return AccessRefused(
            f"the cluster at {kafka.bootstrap_servers} does not let {user} in: {reason(error)}; check the login in "
            f"kafka.properties or in the file of kafka.properties_file"
        )
    if error.code() == KafkaError._SSL and "certificate" in error.str():
        return AccessRefused(
            f"the certificates of the cluster at {kafka.bootstrap_servers} and of this program do not match: "
            f"{reason(error)}; ssl.ca.location must name the brokers' CA, and the brokers' certificates must be "
            f"for the names in kafka.bootstrap_servers"
        )
    return None


def reason(error: KafkaError) -> str:
    """A connection error without its address and duration, which differ between attempts."""
    words = error.str().partition("bootstrap: ")[2].partition(" (after ")[0] or error.str()
    # librdkafka asks this where it finds out itself, and not where the broker is quicker.
    return f"{words}: connecting to a PLAINTEXT broker listener?" if words.endswith(_CLOSED_TLS) else words


def delivery(error: KafkaError | None, message: Message) -> None:
    """A delivery callback that reports failures. Raises AccessRefused, out of the producer's poll() or flush(), for
    what this user may not write."""
    if not_allowed(error):
        raise AccessRefused(f"the cluster does not allow this user to write to {message.topic()}; {_ACLS}")


def raise_if_fatal(message: Message) -> None:
    """Raise what ends a consumer, if that is what it was given in a record's place: AccessRefused for what this user
    may not read, KafkaException for what the client calls fatal."""
    error = message.error()
    if error and not_allowed(error):
        what = message.topic() or f"as a member of its group: {error.str()}"
        raise AccessRefused(f"the cluster does not allow this user to read {what}; {_ACLS}")
    if error and (error.fatal() or error.code() == KafkaError._FATAL):  # FATAL does not say that it is fatal
        raise KafkaException(error)


def asking(error: KafkaException, what: Any = "") -> Exception:
    """The exception for an error of a request. what: its subject, a name or an action."""
    if not_allowed(error.args[0]):
        about = f" ({what})" if what else ""
        return AccessRefused(
            f"the cluster does not allow this user to do that{about}: {error.args[0].str().rstrip('.')}; {_ACLS}"
        )
    return error
