"""A model's weights as named arrays, and the digest that says which models they fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import keras
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]
Named = dict[str, keras.Variable]

# What a layer computes with given weights does not depend on these.
_BESIDE_THE_POINT = ("initializer", "regularizer", "constraint", "trainable", "registered_name", "build_config")


def get_weights(model: keras.Model) -> Weights:
    """Copies of all weights, trainable or not, by the variables' paths, in the model's order."""
    return arrays(by_path(model.weights))


def set_weights(model: keras.Model, weights: Mapping[str, NDArray[Any]]) -> None:
    """Give a model these weights. Raises ValueError, before anything is changed, when they do not fit exactly."""
    assign(by_path(model.weights), weights)


def architecture(model: keras.Model) -> str:
    """A digest (64 hexadecimal digits) of what the model is: layers, wiring, shapes, names; not of its weights' values.

    Weights fit a model if, and only if, they were taken from one with the same digest.
    """
    shapes = [(variable.path, list(variable.shape), str(variable.dtype)) for variable in model.weights]
    described = {"config": _essence(model.get_config()), "weights": shapes}
    return hashlib.sha256(json.dumps(described, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def by_path(variables: Iterable[keras.Variable]) -> Named:
    """Variables by their paths. Raises ValueError for two of the same path."""
    named: Named = {}
    for variable in variables:
        if variable.path in named:
            raise ValueError(f"two variables are named {variable.path}: give their layers unique names")
        named[variable.path] = variable
    return named


def arrays(named: Named) -> Weights:
    """Copies of the variables' values."""
    return {path: variable.numpy() for path, variable in named.items()}


def assign(named: Named, values: Mapping[str, NDArray[Any]]) -> None:
    """The inverse of arrays(). Raises ValueError, before anything is changed, for other names, shapes or types."""
    if named.keys() != values.keys():
        differing = sorted(named.keys() ^ values.keys())
        raise ValueError(f"the names differ from the model's: {', '.join(differing[:5])}")
    for path, variable in named.items():
        given = values[path]
        if given.shape != tuple(variable.shape) or str(given.dtype) != variable.dtype:
            raise ValueError(f"{path} is {given.dtype}{given.shape}, not {variable.dtype}{tuple(variable.shape)}")
    for path, variable in named.items():
        variable.assign(values[path])


def _essence(config: Any) -> Any:
    """A Keras config as JSON-able values, without what does not change the function that a model is."""
    if isinstance(config, Mapping):
        kept = {str(key): value for key, value in config.items() if not str(key).endswith(_BESIDE_THE_POINT)}
        return {key: _essence(value) for key, value in kept.items()}
    if isinstance(config, list | tuple):
        return [_essence(value) for value in config]
    return config if isinstance(config, str | int | float | bool | None) else str(config)
