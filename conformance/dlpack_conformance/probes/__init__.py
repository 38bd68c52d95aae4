"""What is observed of one library against the reference: protocol cases, one file per rule group.

A module of this package has a list ``PROBES``. A probe collects facts and never judges; it names no
library. Probes that need a library's own functions are that library file's (``probes()``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from dlpack_conformance.libraries import Library

__all__ = ["Need", "Observer", "Probe", "Script"]

Need = Literal[
    "nothing",
    "abi",
    "export",
    "from_dlpack",
    "capsule",
    "exchange-api",
    "buffer",
    "take-buffer",
    "array-interface",
    "take-array-interface",
    "array-struct",
    "take-array-struct",
    "array-method",
    "take-array-method",
    "cuda-array-interface",
    "take-cuda-array-interface",
]
"""What a library must have: ``abi``, a function that tells of the ``dlpack.h`` which it was built
with; ``export`` and the other nouns, that its arrays show it; ``from_dlpack``,
``capsule`` and ``take-...``, that it takes such objects."""


class Observer(Protocol):
    """One protocol case of one library while it runs.

    ``facts``: what was seen so far, by spelled name; a probe may set facts itself. Names of dtypes
    and layouts are the catalogue's.
    """

    library: Library
    core: Any
    instrument: Any
    facts: dict[str, Any]

    def step(self, name: str) -> None:
        """Say what comes next, for a loss to be placed: export, exchange, read, write, release."""

    def source(self, dtype: str = "float32", layout: str = "matrix", source: str = "plain") -> Any:
        """Make an array of the library over our memory; facts of the group ``source``.

        ``source``: a row of the source table. The memory is `memory` until the case ends.
        """

    def crafted(
        self,
        dtype: str = "float32",
        layout: str = "matrix",
        *,
        kind: str = "ordinary",
        alignment: int = 256,
        skew: int = 0,
        on: str = "",
        array: Callable[..., Any] | None = None,
        **options: Any,
    ) -> Any:
        """Make an array of the reference, ``options`` as `Array` has them; facts ``source``.

        ``on``: a kind of `accelerator` whose memory it lies in; empty for the host. ``array``: a
        class to make instead of the reference's, called with the same arguments.
        """

    @property
    def memory(self) -> Any:
        """Memory of the last array made by `source` or `crafted`."""

    def place(self) -> tuple[int, tuple[int, int], bytes]:
        """Where the last array's elements lie, for readers in C++.

        Address of element 0, the bytes around it that belong to the allocation, and the asked
        values as compact bytes.
        """

    def accelerator(self, kind: str, index: int = 0) -> Any:
        """Return the instrument's accelerator of the case; the same one for each call.

        ``kind``: ``simulated`` or ``cuda``. A simulated one states type 2 to libraries that have
        arrays on it, and type 12, which no library knows, to others.
        """

    def forget(self) -> None:
        """Drop the observer's own references to source and memory, as before a release."""

    def call(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Try a call; facts ``route``. Returns its result, or None where it raised."""

    def consume(self, x: Any, **keywords: Any) -> Any:
        """Try the library's ``from_dlpack`` on ``x``; facts ``route``."""

    def read_export(self, capsule: Any) -> None:
        """Let the reference read a capsule of `source`; facts ``export``."""

    def look(self, result: Any) -> None:
        """Look at a result by the library's own API; facts ``result`` and ``proof.address``.

        Values and address are compared with those of the last array made.
        """

    def prove(self, a: Any, b: Any) -> None:
        """Write on each side that may be written, read the other, restore; facts ``proof``.

        ``a``: what `source` or `crafted` made; ``b``: what `look` saw.
        """

    def calls(self, array: Any) -> None:
        """Record what the reference saw as producer; facts ``calls``."""

    def count(self, ledger: Any) -> None:
        """Record exports and deleter calls; facts ``end``. ``ledger``: of the array."""

    def apart(self, function: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Run ``function`` in a forked child and return the facts that it gave.

        A child that ends by a signal gives ``{"life.exit": -number}``; one that ends otherwise has
        ``life.exit`` as its status beside its facts.
        """


@dataclass(frozen=True, slots=True)
class Script:
    """A script of a probe's own, where a trace of its calls would not show what it sees.

    ``lines(library)``: Python that uses this library alone, and the reference as ``ref`` (imported
    by the lines), and leaves in ``seen`` what ``fact`` holds; None where it can't be written.
    At most 20 lines. The fact must show by itself what the rule asks. ``source``: dtype, layout and
    source of an array ``a`` of the library that the lines use.
    """

    fact: str
    lines: Callable[[Library], list[str] | None]
    source: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One protocol case of every library that has what it needs.

    ``rule``: the requirement that it is about; ``variant``: unique in the rule, a part of an id;
    ``run(observer)`` collects facts. ``malformed``: what is handed over breaks the header's rules,
    so that the answer is recorded and not judged. ``text``: what is done, in a few words.
    ``absent(library)``: proof that this release lacks more than ``needs`` says, else None. It
    raises `NotImplementedError` where no release has it: then there is no such case.
    ``makes``: dtype, layout and source that a library must make; others have no such case.
    ``script``: for reproducers, where several steps, threads or counts make the observation.
    ``forks``: it looks from a forked child, which has none of the process's other threads: a
    library whose runners start afresh has no such case.
    """

    rule: str
    variant: str
    run: Callable[[Observer], None]
    text: str
    needs: Need = "nothing"
    malformed: bool = False
    absent: Callable[[Library], str | None] | None = None
    makes: tuple[str, str, str] | None = None
    script: Script | None = None
    forks: bool = False
