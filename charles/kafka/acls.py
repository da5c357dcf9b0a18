"""THE table of rights on a cluster with ACLs: one row per role. Each program can be a separate user.

The documentation prints it, `charles acls` creates ACLs from it, and each program checks its rights when it starts.
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
"""The cluster answers for each operation separately, never for ALL."""
_KINDS = {ResourceType.TOPIC: "topic", ResourceType.GROUP: "group", ResourceType.TRANSACTIONAL_ID: "transactional-id"}


@dataclass(frozen=True, slots=True)
class Role:
    """What one program, or a person, may do under the prefix. In addition every role may see that topics and groups
    exist, and programs have the rights that every program needs.

    deletes: topics whose records it deletes (for Kafka the same right as deleting the topic); group: the group whose
    offsets it commits; transactions: prefix of its transactional ids; configs: it may read topic configurations;
    everything: it has all rights under the prefix.
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
"""onlooker: read only (`charles top`, `status`, `topics`, `ledger`, `plot`, `evaluate`); operator: creates topics,
changes the configuration, sends commands, resets."""

_PROGRAMS_READ = (topics.CONFIG, topics.COMMANDS, topics.SCHEMAS)
_PROGRAMS_WRITE = (topics.STATUS, topics.SCHEMAS)


@dataclass(frozen=True, slots=True)
class Acl:
    """Operations allowed on one resource or, if prefixed, on all whose names begin with it."""

    kind: ResourceType
    name: str
    prefixed: bool
    operations: tuple[AclOperation, ...]

    def __str__(self) -> str:
        operations = ", ".join(_spelled(operation) for operation in self.operations)
        return f"{operations} on {_KINDS[self.kind]} {self.name}{'*' if self.prefixed else ''}"


def role(name: str) -> Role:
    """The role of this name. Raises AccessRefused, which lists the roles."""
    for one in ROLES:
        if one.name == name:
            return one
    raise AccessRefused(f"{name}: no such role; choose from: {', '.join(one.name for one in ROLES)}")


def acls(kafka: Kafka, role: Role) -> list[Acl]:
    """All rights that a user of this role needs, with full names under the prefix."""
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
    """Return if this user has a program's rights on topics and groups; a cluster without ACLs allows everything.

    Raises AccessRefused, which lists the missing rights.
    """
    wanted = role(program)
    client = admin(kafka)
    lacks = [*_lacking_on_topics(client, kafka, wanted), *_lacking_on_groups(client, kafka, wanted)]
    if lacks:
        user = kafka.client_properties.get("sasl.username", "this user")
        raise AccessRefused(
            f"the cluster at {kafka.bootstrap_servers} does not allow {user} to run a {program}. Missing: "
            f"{'; '.join(map(str, lacks))}. `charles acls {program}` prints the commands that allow it"
        )


def apply(kafka: Kafka, role: Role, user: str) -> None:
    """Allow a user everything that a role needs; existing ACLs stay. Raises AccessRefused, and KafkaException."""
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
            raise asking(error, "to create ACLs") from None


def commands(kafka: Kafka, role: Role, user: str) -> Iterator[str]:
    """The same as kafka-acls.sh commands."""
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
    """The cluster cannot be asked about groups of which only a prefix of the name is known."""
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
    """The missing rights, by the cluster's answer. If there is no answer, as from a coordinator that has just started,
    the right counts as given: rights are checked first."""
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
