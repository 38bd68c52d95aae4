"""The note of what a probe made and tried, as lines of a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.said import Known
from dlpack_conformance.libraries import Entry, Library
from dlpack_conformance.probes._consumers import Giver

__all__ = ["Line", "Noted", "NotedInstrument", "NotedLibrary"]


@dataclass(slots=True)
class Line:
    """One thing that a probe made or tried; names still to be given stand as ``⟦...⟧``.

    ``gives``: the name of what comes out. ``lines``: the code. ``before``: what it needs once.
    ``ended``: of a call ``returned``, ``raised <class>``, or empty where it ended the process; of
    what was made ``made``, and ``owner`` is the library that made it. ``like``: the array that does
    the same as this object by the two methods.
    """

    gives: str
    lines: list[str]
    ended: str = ""
    owner: str = ""
    like: str = ""
    before: list[str] = field(default_factory=list)


class NotedInstrument:
    """The instrument, whose arrays and memories are noted when a probe makes them itself."""

    def __init__(self, note: Noted) -> None:
        real = modules().instrument

        class Template:  # the real one is no base class
            def __init__(self, *args: Any, **options: Any) -> None:
                self._real = real.Template(*args, **options)
                self._given = (args, options)

            def make(self) -> Any:
                memory = self._real.make()
                note.memories[id(memory)] = (memory, *self._given)
                return memory

            def __getattr__(self, name: str) -> Any:
                return getattr(self._real, name)

        class Array(real.Array):  # type: ignore[misc, name-defined]
            def __new__(
                cls, memory: Any, dtype: str, shape: Any, strides: Any, **options: Any
            ) -> Any:
                made = super().__new__(cls, memory, dtype, shape, strides, **options)
                if cls is Array:
                    note.array(made, memory, dtype, shape, strides, options)
                return made

            def __dlpack__(self, **keywords: Any) -> Any:
                capsule = super().__dlpack__(**keywords)
                if type(self) is Array:
                    note.capsule(capsule, self, keywords)
                return capsule

        class LoggedBuffer(real.LoggedBuffer):  # type: ignore[misc, name-defined]
            def __new__(cls, *args: Any, **options: Any) -> Any:
                made = super().__new__(cls, *args, **options)
                if cls is LoggedBuffer:
                    note.made(made, "buffer", "ref.LoggedBuffer", args, options)
                return made

        self._real = real
        self.Template, self.Array, self.LoggedBuffer = Template, Array, LoggedBuffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Noted:
    """The trace while it grows. ``tell`` sends it out."""

    def __init__(self, library: Library, tell: Callable[[list[Line]], None]) -> None:
        space: dict[str, Any] = {}
        self.start = [line for line in (library.script_api("float32").get("import"),) if line]
        exec("\n".join(self.start), space)
        real = modules().instrument
        aliases = {name: value for name, value in space.items() if not name.startswith("__")}
        self.known = Known({**aliases, "ref": real})
        self.lines: list[Line] = []
        self.memories: dict[int, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {}
        self.tell = tell

    def array(
        self, a: Any, memory: Any, dtype: str, shape: Any, strides: Any, options: Mapping[str, Any]
    ) -> None:
        """Note an array of the reference over a memory that was noted."""
        made = self.memories.get(id(memory))
        if made is None:
            return
        _, args, how = made
        known, rest = self.known, dict(how)
        template = known.arguments(args, rest)
        given = known.arguments((dtype, tuple(shape), tuple(strides)), options)
        if template is None or given is None:
            return
        before = known.named(a)
        self.lines[:] = [line for line in self.lines if line.gives != before]
        self.lines.append(
            Line(
                known.name(a, "a"),
                [
                    "from dlpack_conformance import _instrument as ref",
                    f"memory = ref.Template({template}).make()",
                    f"a = ref.Array(memory, {given})",
                ],
                "made",
                "reference",
            )
        )

    def source(self, a: Any, lines: Sequence[str], owner: str) -> None:
        """Note an array that a library file can make as ``a``."""
        self.lines.append(Line(self.known.name(a, "a"), list(lines), "made", owner))

    def capsule(self, capsule: Any, a: Any, keywords: Mapping[str, Any]) -> None:
        """Note what an array of the reference gave."""
        known = self.known.named(a)
        given = self.known.arguments((), keywords)
        if known is not None and given is not None and capsule is not None:
            name = self.known.name(capsule, "capsule")
            self.lines.append(Line(name, [f"{name} = {known}.__dlpack__({given})"], "made"))

    def made(
        self, thing: Any, kind: str, function: str, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> None:
        """Note what a function gave."""
        given = self.known.arguments(args, keywords)
        if given is not None:
            name = self.known.name(thing, kind)
            self.lines.append(Line(name, [f"{name} = {function}({given})"], "made"))

    def say(self, thing: Any) -> str | None:
        """Expression of an argument; a `Giver` says its own lines."""
        said = self.known.say(thing)
        if said is None and isinstance(thing, Giver):
            inside = self.known.named(thing.array)
            lines = None if inside is None else thing.script(inside)
            if lines is not None:
                name = self.known.name(thing, "giver")
                made = Line(name, [*lines[:-1], f"{name} = {lines[-1]}"], "made")
                made.like = "" if thing.changes else str(inside)
                self.lines.append(made)
                return name
        return said


class NotedLibrary:
    """A library whose entry points are noted also where a probe calls them by itself."""

    def __init__(self, library: Library, entries: Mapping[str, Entry]) -> None:
        self._library = library
        self._entries = entries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def accepts(self) -> Mapping[str, Entry]:
        """Return the noted ones."""
        return self._entries
