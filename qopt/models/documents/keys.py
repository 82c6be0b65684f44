"""Which keys a pydantic class knows at a path of a document, for suggestions."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Keys that may stand in the mapping at ``path``; empty where any key may."""
    return fields_of(annotations_at([model], path))


def annotations_at(annotations: Sequence[Any], path: Sequence[str | int]) -> list[Any]:
    """What may stand at a path below something that these annotations describe, union arms side by side."""
    found = list(annotations)
    for part in path:
        found = [below for annotation in found for below in _below(annotation, part)]
    return found


def fields_of(annotations: Sequence[Any]) -> list[str]:
    """The keys of all pydantic classes among the annotations."""
    return list(dict.fromkeys(key for annotation in annotations if is_model(annotation) for key in _fields(annotation)))


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _below(annotation: Any, part: str | int) -> list[Any]:
    """The annotations one step further into the document, union arms side by side."""
    if is_model(annotation):
        fields = _fields(annotation)
        return _arms(fields[part]) if isinstance(part, str) and part in fields else []
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if not arguments or not isinstance(origin, type):
        return []
    if issubclass(origin, Mapping):
        return _arms(arguments[-1])
    if issubclass(origin, tuple) and len(arguments) > 1 and arguments[1] is not Ellipsis:
        return _arms(arguments[part]) if isinstance(part, int) and part < len(arguments) else []
    return _arms(arguments[0])


def _arms(annotation: Any) -> list[Any]:
    """The arms of a union, ``Annotated`` unwrapped; the annotation itself when it is no union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _arms(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [arm for option in get_args(annotation) for arm in _arms(option)]
    return [annotation]


def is_model(annotation: Any) -> bool:
    """Whether an annotation is a pydantic class."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def parts_of(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Every pydantic class that a document of this class may hold, the class itself left out."""
    found: dict[type[BaseModel], None] = {}
    waiting = [model]
    while waiting:
        for field in waiting.pop().model_fields.values():
            new = [part for part in parts_in(field.annotation) if part not in found]
            found |= dict.fromkeys(new)
            waiting += new
    return list(found)


def parts_in(annotation: Any) -> list[type[BaseModel]]:
    """The pydantic classes that an annotation names, inside lists, mappings and unions too."""
    if is_model(annotation):
        return [annotation]
    return [part for argument in get_args(annotation) for part in parts_in(argument)]
