"""A choice of options whose kind follows from a key that only one of them has, as `colour` in `{colour: brown}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Implied:
    """Marks a union tagged by ``kind``: the first of these keys that is there implies the kind, else ``default`` does.

    shorts: other types that ``short`` makes the long form of, for the JSON Schema.
    """

    shorts: Sequence[str] = ()

    def __init__(self, kinds: Mapping[str, str], default: str | None = None) -> None:
        self._kinds, self._default = kinds, default

    def short(self, value: Any) -> Any:
        """The long form of a short one; anything else as it is."""
        return value

    def expand(self, value: Any) -> Any:
        """The long form, with its kind."""
        value = self.short(value)
        if not isinstance(value, Mapping) or "kind" in value:
            return value
        kind = next((kind for key, kind in self._kinds.items() if key in value), self._default)
        return value if kind is None else {"kind": kind, **value}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        long = handler(schema)
        long.pop("discriminator", None)
        choices = long.pop("oneOf", [])
        for choice in choices:
            each = handler.resolve_ref_schema(choice)
            each["required"] = [key for key in each.get("required", []) if key != "kind"]
        return {**long, "anyOf": [*({"type": name} for name in self.shorts), *choices]}
