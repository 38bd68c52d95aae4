"""Objects as text: what a probe handed over, as a line of a script would write it."""

from __future__ import annotations

import array
import re
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

__all__ = ["Known"]

_LITERALS = (bool, int, str, bytes, complex, type(None), type(...))
_MAX_CHARS = 400


class Known:
    """Objects that a script has names for; it keeps them alive, so that no id comes twice.

    ``aliases``: modules by the name under which a script imports them.
    """

    def __init__(self, aliases: Mapping[str, ModuleType]) -> None:
        self._aliases = aliases
        self._names: dict[int, tuple[Any, str]] = {}
        self._given = 0

    def name(self, thing: Any, kind: str) -> str:
        """Give ``thing`` a name, to be spelled out later; ``kind`` is its beginning."""
        self._given += 1
        token = f"⟦{kind}_{self._given}⟧"
        self._names[id(thing)] = (thing, token)
        return token

    def named(self, thing: Any) -> str | None:
        """Name that `name` gave, None where it gave none."""
        found = self._names.get(id(thing))
        return None if found is None else found[1]

    def say(self, thing: Any) -> str | None:
        """Expression that makes ``thing`` or an equal one, None where there is none."""
        known = self.named(thing)
        if known is not None:
            return known
        text = self._say(thing)
        return None if text is None or len(text) > _MAX_CHARS else text

    def arguments(self, args: Iterable[Any], keywords: Mapping[str, Any]) -> str | None:
        """Arguments of a call."""
        parts = [self.say(thing) for thing in args]
        parts += [
            None if text is None else f"{name}={text}"
            for name, text in ((name, self.say(thing)) for name, thing in keywords.items())
        ]
        return None if None in parts else ", ".join(str(part) for part in parts)

    def member(self, thing: Any) -> str | None:
        """What an imported module calls ``thing``."""
        for alias, module in self._aliases.items():
            for name, value in vars(module).items():
                if value is thing and not name.startswith("_"):
                    return f"{alias}.{name}"
        return None

    def _say(self, thing: Any) -> str | None:
        kind = type(thing)
        if kind in _LITERALS:
            return "..." if thing is ... else repr(thing)
        if kind is float:
            return repr(thing) if thing == thing and abs(thing) != float("inf") else None
        if kind in (tuple, list):
            return self._row(thing)
        if kind is dict:
            parts = [(self.say(key), self.say(value)) for key, value in thing.items()]
            if any(None in part for part in parts):
                return None
            return f"{{{', '.join(f'{key}: {value}' for key, value in parts)}}}"
        if kind is bytearray:
            text = len(thing) if not any(thing) else repr(bytes(thing))
            return f"bytearray({text})"
        if kind is array.array:
            return f'__import__("array").array({thing.typecode!r}, {thing.tolist()})'
        if kind is object:
            return "object()"
        if isinstance(thing, BaseException) and kind.__module__ == "builtins":
            inside = self.arguments(thing.args, {})
            return None if inside is None else f"{kind.__name__}({inside})"
        return self._imported(thing)

    def _row(self, things: tuple[Any, ...] | list[Any]) -> str | None:
        parts = [self.say(thing) for thing in things]
        if None in parts:
            return None
        inside = ", ".join(str(part) for part in parts)
        if type(things) is list:
            return f"[{inside}]"
        return f"({inside},)" if len(things) == 1 else f"({inside})"

    def _imported(self, thing: Any) -> str | None:
        """Members of modules, and objects whose own text is such a member."""
        text = repr(thing)
        if re.fullmatch(r"\w+\.\w+", text):
            alias, _, name = text.partition(".")
            module = self._aliases.get(alias)
            if module is not None and getattr(module, name, None) is thing:
                return text
        return self.member(thing)
