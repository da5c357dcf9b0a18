"""`charles topics` and `charles reset`: the topics on the cluster, compared with the topic table.

How much disk they take. Measured (`charles topics` after a collection): a tick of the city is a frame of 30.1 KB and a
control of 0.3 KB on disk, 55 MB a minute for one collector; a CarRacing tick is 2.1 KB and 0.3 KB, 4 MB a minute.
A demo of ten minutes with two collectors in the city writes 1.1 GB of frames and 11 MB of controls; the balancer copies
what it emits, at most as much again; the player's pictures stay below 0.2 GB. A day of those two collectors would be
157 GB, of which the table keeps its bounds. Whatever is written, all topics together stay below about 30 GiB: the
bounds sum up to 27.3 GiB, Kafka deletes whole segments (one per partition: 1.4 GiB), and looks every five minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.printing import say, table_console
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from charles.kafka.topic_report import GroupFacts, TopicFacts
    from charles.settings import Settings


def topics_command(
    apply: Annotated[bool, typer.Option("--apply", help="Change existing topics to match the topic table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create missing topics and show all: size, rate, differences from the topic table, and every group's lag.

    Example: charles topics --json
    """
    with clear_errors():
        from charles.kafka import topic_admin, topic_report

        loaded = load_settings()
        changed = topic_admin.apply(loaded.kafka) if apply else []
        created = topic_admin.ensure(loaded.kafka)
        topics, groups = topic_report.describe(loaded.kafka, _log_folder(loaded))
        if as_json:
            _print_json(created, changed, topics, groups)
            return
        for full in created:
            say(f"created {full}")
        for words in changed:
            say(f"changed {words}")
        say(f"{loaded.kafka.prefix}.* at {loaded.kafka.bootstrap_servers}:")
        _print_tables(topics, groups, skip=len(loaded.kafka.prefix) + 1)
        for topic in topics:
            for words in topic.differs:
                say(f"differs: {topic.name}: {words}")
        if any(topic.differs for topic in topics):
            say("`charles topics --apply` fixes the differences; partitions can only be added.")


def reset_command(
    yes: Annotated[bool, typer.Option("--yes", help="Confirm the deletion.")] = False,
) -> None:
    """Delete every topic and consumer group under the prefix. Without --yes, only list them and exit with 1.

    Example: CHARLES_KAFKA__PREFIX=experiment charles reset --yes
    """
    with clear_errors():
        from charles.kafka import topic_admin

        kafka = load_settings().kafka
        topics, groups = topic_admin.delete_all(kafka) if yes else topic_admin.under_prefix(kafka)
        if not topics and not groups:
            say(f"no topic or group is named {kafka.prefix}.* at {kafka.bootstrap_servers}")
            return
        word = "deleted" if yes else "would delete"
        say(f"at {kafka.bootstrap_servers}:")
        for kind, names in (("topic", topics), ("group", groups)):
            for full in names:
                say(f"{word} {kind} {full}")
        if not yes:
            say("nothing was deleted; add --yes to delete", err=True)
            raise typer.Exit(1)


def _log_folder(loaded: Settings) -> Path | None:
    """The log folder of the local broker, if the cluster is that broker."""
    from charles.kafka.clients import admin
    from infra.kafka.data_folder import cluster_id

    there = admin(loaded.kafka).list_topics(timeout=10).cluster_id
    return loaded.broker.data / "log" if there and there == cluster_id(loaded.broker.data) else None


def _print_json(created: list[str], changed: list[str], topics: list[TopicFacts], groups: list[GroupFacts]) -> None:
    import json
    from dataclasses import asdict

    facts = {
        "created": created,
        "changed": changed,
        "topics": [asdict(topic) for topic in topics],
        "groups": [asdict(group) for group in groups],
    }
    say(json.dumps(facts, indent=2))


def _print_tables(topics: list[TopicFacts], groups: list[GroupFacts], skip: int) -> None:
    """skip: length of the prefix and its dot, which are left out of names."""
    from rich.table import Table

    from charles.base.sizes import size

    console = table_console()
    table = Table("topic", "key", box=None, pad_edge=False)
    for column in ("partitions", "records", "size", "rate"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("keeps", no_wrap=True)
    for topic in topics:
        table.add_row(
            topic.name[skip:],
            topic.key,
            str(topic.partitions),
            f"{topic.records:,}",
            "?" if topic.size is None else size(topic.size),
            f"{topic.rate:.1f}/s" if topic.rate else "",
            topic.keeps,
        )
    console.print(table)
    if groups:
        console.print()
        lags = Table("group", "state", "topic", box=None, pad_edge=False)
        lags.add_column("lag", justify="right")
        for group in groups:
            for full, lag in group.lag.items() or [("", None)]:
                lags.add_row(group.group[skip:], group.state, full[skip:], "" if lag is None else f"{lag:,}")
        console.print(lags)
