"""Short forms: one value where a group of options or a mapping is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Short:
    """Marks a group of options that may be written as one value, which is then its ``field``.

    ``defaults`` (pairs) are filled in where they are not given: the usual ``kind`` of a choice.
    """

    field: str
    defaults: tuple[tuple[str, str], ...] = ()

    def expand(self, value: Any) -> Any:
        """The long form of a value."""
        if isinstance(value, Mapping):
            missing = {k: v for k, v in self.defaults if k not in value}
            return {**missing, **value}
        if isinstance(value, (bool, int, float, str)):
            return {**dict(self.defaults), self.field: value}
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "number"}, {"type": "string"}, _without_required_kind(handler(schema))]}


def _without_required_kind(schema: dict[str, Any]) -> dict[str, Any]:
    schema.pop("discriminator", None)
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    return schema
