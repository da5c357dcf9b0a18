"""The version of this code, as it stands in statuses, checkpoints and scores."""

from importlib.metadata import version

VERSION = version("charles")
