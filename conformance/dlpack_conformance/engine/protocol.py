"""Which protocol cases a library has: the probes whose needs it meets in some release."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from dlpack_conformance.engine.discover import find_probes
from dlpack_conformance.libraries import Entry, Library, Makes
from dlpack_conformance.probes import Probe

__all__ = ["protocol_cases"]

_SHOWN = {
    "export": "__dlpack__",
    "exchange-api": "__dlpack_c_exchange_api__",
    "buffer": "buffer",
    "array-interface": "__array_interface__",
    "array-struct": "__array_struct__",
    "array-method": "__array__",
    "cuda-array-interface": "__cuda_array_interface__",
}
"""Need -> what the library's arrays show."""


def protocol_cases(library: Library) -> list[list[str]]:
    """Rule, variant, ``valid`` or ``malformed``, proof of absence or nothing; as a plan takes them.

    A probe of something that no release of the library has is left out.
    """
    cases = []
    made = {
        makes.source: (makes, frozenset(row[:2] for row in makes.excluded))
        for makes in library.makes()
        if makes.device == "cpu"
    }
    asked = _Asked(library)
    for probe in find_probes(library).values():
        if probe.makes is not None and not _is_made(made, *probe.makes):
            continue
        if probe.forks and getattr(library, "start", "fork") == "fresh":
            continue
        absent = _lacks(asked, probe)
        if absent is None:
            continue
        how = "malformed" if probe.malformed else "valid"
        cases.append([probe.rule, probe.variant, how, absent])
    return sorted(cases)


class _Asked:
    """A library and its answers, which are the same for each probe."""

    def __init__(self, library: Library) -> None:
        self.library = library

    @cached_property
    def offers(self) -> Mapping[str, str | None]:
        """What its arrays show."""
        return self.library.offers()

    @cached_property
    def accepts(self) -> Mapping[str, Entry]:
        """Its entry points."""
        return self.library.accepts()


def _is_made(
    made: Mapping[str, tuple[Makes, frozenset[tuple[str, str]]]],
    dtype: str,
    layout: str,
    source: str,
) -> bool:
    """Whether the library can make it in the memory of this machine's CPU."""
    found = made.get(source)
    if found is None:
        return False
    makes, excluded = found
    if dtype not in makes.dtypes or (makes.layouts is not None and layout not in makes.layouts):
        return False
    return excluded.isdisjoint({(dtype, layout), ("*", layout), (dtype, "*"), ("*", "*")})


def _lacks(asked: _Asked, probe: Probe) -> str | None:
    """Proof that this release lacks what the probe needs, "" if it has it, None if none does."""
    need, library = probe.needs, asked.library
    if need == "abi":
        if not hasattr(library, "abi"):
            return None
    elif need in _SHOWN:
        if _SHOWN[need] not in asked.offers:
            return None
        proof = asked.offers[_SHOWN[need]]
        if proof is not None:
            return proof
    elif need != "nothing":
        entry = asked.accepts.get(need.removeprefix("take-"))
        if entry is None:
            return None
        if "" in entry.lacks:
            return entry.lacks[""]
    try:
        return (probe.absent(library) if probe.absent is not None else None) or ""
    except NotImplementedError:
        return None
