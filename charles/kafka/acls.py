"""THE table of what each program may do on a cluster with ACLs, where each can be a user of its own: one row per role.

The documents print it, `charles acls` makes ACLs of it, and a program that starts asks the cluster whether it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from charles import topics
from charles.kafka.clients import admin, group, name
from charles.kafka.errors import AccessRefused, asking, not_allowed
from charles.programs import BY_HAND, NAMES
from charles.settings import Kafka
from charles.topics import TOPICS, Topic

_TIMEOUT_S = 30.0
_ALL = AclOperation.ALL
_READ, _WRITE, _DELETE = AclOperation.READ, AclOperation.WRITE, AclOperation.DELETE
_SEE, _SEE_CONFIGS = AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS
_ALL_OF_A_GROUP = (_READ, _DELETE, _SEE)
"""A cluster tells of each operation, never of all."""
_KINDS = {ResourceType.TOPIC: "topic", ResourceType.GROUP: "group", ResourceType.TRANSACTIONAL_ID: "transactional-id"}


@dataclass(frozen=True, slots=True)
class Role:
    """What one program, or a person, may do under the prefix. Beside it all may see that its topics and groups exist,
    and programs may do what every program does.

    deletes: topics whose records it deletes, which to Kafka is no other right than to delete the topic; group: whose
    place it keeps; transactions: its transactional ids begin so; configs: it sees how topics are configured;
    everything: it may do all there is to do under the prefix.
    """

    name: str
    reads: Collection[Topic] = ()
    writes: Collection[Topic] = ()
    deletes: Collection[Topic] = ()
    group: str = ""
    transactions: str = ""
    configs: bool = False
    everything: bool = False


# fmt: off
ROLES = (
    Role("collector", reads=(topics.STATUS,),
         writes=(topics.FRAMES, topics.CONTROLS, topics.DEADLETTER)),
    Role("balancer",  reads=(topics.FRAMES, topics.CONTROLS, topics.BALANCER_STATE),
         writes=(topics.BALANCED, topics.BALANCER_STATE, topics.DEADLETTER),
         group="balancer", transactions="balancer-"),
    Role("trainer",   reads=(topics.BALANCED, topics.FRAMES, topics.MODELS, topics.WEIGHTS, topics.STATUS),
         writes=(topics.WEIGHTS, topics.MODELS, topics.TRAINING, topics.DEADLETTER), deletes=(topics.WEIGHTS,),
         group="trainer-", transactions="trainer-"),
    Role("player",    reads=(topics.MODELS, topics.WEIGHTS),
         writes=(topics.DRIVING, topics.DEADLETTER)),
    Role("recorder",  reads=(topics.FRAMES, topics.CONTROLS, topics.BALANCED, topics.TRAINING), group="recorder-"),
    Role("annotator", reads=(topics.MODELS, topics.STATUS, topics.DEADLETTER), group="annotator"),
    Role("replayer",  reads=(topics.FRAMES, topics.CONTROLS, topics.BALANCED, topics.TRAINING, topics.DRIVING),
         writes=(topics.FRAMES, topics.CONTROLS, topics.BALANCED, topics.TRAINING, topics.DRIVING), configs=True),
    Role("onlooker",  reads=TOPICS, configs=True),
    Role("operator",  everything=True),
)
# fmt: on
"""onlooker: whoever looks (`charles top`, `status`, `topics`, `ledger`, `plot`, `evaluate`); operator: whoever makes
topics, sets the configuration, gives commands, resets."""

_PROGRAMS_READ = (topics.CONFIG, topics.COMMANDS, topics.SCHEMAS)
_PROGRAMS_WRITE = (topics.STATUS, topics.SCHEMAS)


@dataclass(frozen=True, slots=True)
class Acl:
    """Operations that are allowed on one resource, or, where it is prefixed, on all whose names begin so."""

    kind: ResourceType
    name: str
    prefixed: bool
    operations: tuple[AclOperation, ...]

    def __str__(self) -> str:
        operations = ", ".join(_spelled(operation) for operation in self.operations)
        return f"{operations} on {_KINDS[self.kind]} {self.name}{'*' if self.prefixed else ''}"


def role(name: str) -> Role:
    """The role of this name. Raises Refused, which names those there are."""
    for one in ROLES:
        if one.name == name:
            return one
    raise AccessRefused(f"{name}: no such role; there are {', '.join(one.name for one in ROLES)}")


def acls(kafka: Kafka, role: Role) -> list[Acl]:
    """Everything that a user of this role must be allowed, with the full names under the prefix."""
    everything = f"{kafka.prefix}."
    if role.everything:
        return [Acl(kind, everything, True, (_ALL,)) for kind in _KINDS]
    seen = (_SEE, _SEE_CONFIGS) if role.configs else (_SEE,)
    found = [Acl(ResourceType.TOPIC, everything, True, seen), Acl(ResourceType.GROUP, everything, True, (_SEE,))]
    found += [Acl(ResourceType.TOPIC, full, False, operations) for full, operations in _on_topics(kafka, role)]
    if role.group:
        kept = group(kafka, role.group)
        found.append(Acl(ResourceType.GROUP, kept, kept.endswith("-"), (_READ,)))
    if role.transactions:
        found.append(Acl(ResourceType.TRANSACTIONAL_ID, group(kafka, role.transactions), True, (_WRITE,)))
    return found


def require(kafka: Kafka, program: str) -> None:
    """Return if the cluster lets this user do a program's work on topics and groups; one without ACLs lets everybody.

    Raises Refused, which names everything that is missing.
    """
    wanted = role(program)
    client = admin(kafka)
    lacks = [*_lacking_on_topics(client, kafka, wanted), *_lacking_on_groups(client, kafka, wanted)]
    if lacks:
        user = kafka.client_properties.get("sasl.username", "this user")
        raise AccessRefused(
            f"the cluster at {kafka.bootstrap_servers} does not let {user} do the work of a {program}, it lacks: "
            f"{'; '.join(map(str, lacks))}. `charles acls {program}` gives the commands that allow it"
        )


def apply(kafka: Kafka, role: Role, user: str) -> None:
    """Allow a user all that a role needs; what is allowed already stays. Raises Refused, and KafkaException."""
    bindings = [
        AclBinding(acl.kind, acl.name, _pattern(acl), f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for acl in acls(kafka, role)
        for operation in acl.operations
    ]
    client = admin(kafka)
    for future in client.create_acls(bindings, request_timeout=_TIMEOUT_S).values():
        try:
            future.result(_TIMEOUT_S)
        except KafkaException as error:
            raise asking(error, "to allow others something") from None


def commands(kafka: Kafka, role: Role, user: str) -> Iterator[str]:
    """The same as commands of Kafka's own tool."""
    for acl in acls(kafka, role):
        operations = " ".join(f"--operation {_spelled(operation)}" for operation in acl.operations)
        pattern = " --resource-pattern-type prefixed" if acl.prefixed else ""
        yield (
            f"kafka-acls.sh --bootstrap-server {kafka.bootstrap_servers} --command-config admin.properties --add "
            f"--allow-principal 'User:{user}' {operations} --{_KINDS[acl.kind]} {acl.name}{pattern}"
        )


def table() -> str:
    """All roles in one table (Markdown), names without the prefix."""
    lines = ["| role | reads | writes | group | transactional ids |", "| --- | --- | --- | --- | --- |"]
    for one in ROLES:
        deletes = [f"{topic.name} (and deletes its records)" for topic in one.deletes]
        writes = [topic.name for topic in one.writes if topic not in one.deletes] + deletes
        reads = "every topic" if one.reads == TOPICS else ", ".join(topic.name for topic in one.reads)
        sees = (
            "" if not one.configs else " and its configuration" if one.reads == TOPICS else ", with their configuration"
        )
        cells = [one.name, reads + sees, ", ".join(writes), one.group, one.transactions]
        if one.everything:
            cells[1:] = ["everything", "everything", "everything", "everything"]
        lines.append("| " + " | ".join(_starred(cell) for cell in cells) + " |")
    read, written = (", ".join(topic.name for topic in both) for both in (_PROGRAMS_READ, _PROGRAMS_WRITE))
    lines.append(f"| every program beside that | {read} | {written} |  |  |")
    return "\n".join(lines)


def _on_topics(kafka: Kafka, role: Role) -> Iterator[tuple[str, tuple[AclOperation, ...]]]:
    """What is allowed on each topic, by full name, in the table's order."""
    program = role.name in (*NAMES, *BY_HAND)
    reads = {*role.reads, *(_PROGRAMS_READ if program else ())}
    writes = {*role.writes, *(_PROGRAMS_WRITE if program else ())}
    for topic in TOPICS:
        by_operation = {_READ: reads, _WRITE: writes, _DELETE: role.deletes}
        operations = tuple(operation for operation, its_topics in by_operation.items() if topic in its_topics)
        if operations:
            yield name(kafka, topic), operations


def _lacking_on_topics(client: AdminClient, kafka: Kafka, role: Role) -> Iterator[Acl]:
    wanted = dict(_on_topics(kafka, role))
    asked = client.describe_topics(
        TopicCollection(list(wanted)), include_authorized_operations=True, request_timeout=_TIMEOUT_S
    )
    for full, operations in wanted.items():
        if lacks := _lacking(asked[full], operations):
            yield Acl(ResourceType.TOPIC, full, False, lacks)


def _lacking_on_groups(client: AdminClient, kafka: Kafka, role: Role) -> Iterator[Acl]:
    """Of a group whose name only its beginning is known the cluster cannot be asked."""
    for acl in acls(kafka, role):
        if acl.kind == ResourceType.GROUP and not (acl.prefixed and _READ in acl.operations):
            asked = group(kafka, "reader") if acl.prefixed else acl.name
            answers = client.describe_consumer_groups(
                [asked], include_authorized_operations=True, request_timeout=_TIMEOUT_S
            )
            operations = _ALL_OF_A_GROUP if acl.operations == (_ALL,) else acl.operations
            if lacks := _lacking(answers[asked], operations):
                yield Acl(acl.kind, acl.name, acl.prefixed, lacks)


def _lacking(answer: Any, wanted: Collection[AclOperation]) -> tuple[AclOperation, ...]:
    """What the cluster's answer says that this user may not do. Where it has no answer, as from a coordinator that has
    only just begun, it is not held against the user: rights are looked at first."""
    try:
        may = answer.result(_TIMEOUT_S).authorized_operations or ()
    except KafkaException as error:
        return tuple(wanted) if not_allowed(error.args[0]) else ()
    return tuple(operation for operation in wanted if operation not in may)


def _pattern(acl: Acl) -> ResourcePatternType:
    return ResourcePatternType.PREFIXED if acl.prefixed else ResourcePatternType.LITERAL


def _spelled(operation: AclOperation) -> str:
    """As Kafka's tools do: DescribeConfigs."""
    return "".join(word.capitalize() for word in operation.name.split("_"))


def _starred(cell: str) -> str:
    return f"{cell}*" if cell.endswith("-") else cell
