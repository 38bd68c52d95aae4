"""Record files: one run as JSON lines, read whole and checked (design, section 7)."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from dlpack_conformance.errors import ReportError
from dlpack_conformance.record import read_header

__all__ = ["AXES", "Case", "Judged", "Records", "axes_of", "read"]

AXES: dict[str, tuple[str, ...]] = {
    "exchange": (
        "producer",
        "consumer",
        "route",
        "request",
        "dtype",
        "layout",
        "source",
        "device",
    ),
    "protocol": ("library", "rule", "variant"),
    "usage": ("library", "topic", "variant"),
}


def axes_of(case_id: str) -> dict[str, str]:
    """Parts of an id by name, ``case`` (the kind) first.

    Raises
    ------
    ReportError
        The text is no id of a case.
    """
    kind, *parts = case_id.split("/")
    names = AXES.get(kind, ())
    if len(parts) != len(names) or not names:
        allowed = " or ".join(f"{name}/<{'>/<'.join(AXES[name])}>" for name in AXES)
        raise ReportError(case_id, "id", "is no case id", allowed)
    return {"case": kind, **dict(zip(names, parts, strict=True))}


class Judged(msgspec.Struct, frozen=True):
    """One rule's answer in a case. A record writes a rule that conforms as its id alone."""

    rule: str = ""
    verdict: str = ""
    reason: str = ""
    blame: str = "none"


class _Line(msgspec.Struct):
    id: str
    outcome: str
    verdict: str
    judged: msgspec.Raw
    facts: msgspec.Raw
    modifiers: tuple[str, ...] = ()
    blame: str = "none"
    proof: str | None = None
    reason: str = ""
    input: str = ""
    time_ns: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One case line; ``judged_json`` and ``facts_json`` as written, equal ones shared.

    ``input``: of a protocol case, whether what was handed over is ``valid`` or ``malformed``.
    """

    id: str
    outcome: str
    modifiers: tuple[str, ...]
    verdict: str
    blame: str
    proof: str
    judged_json: bytes
    facts_json: bytes
    input: str = ""
    time_ns: int = 0

    @property
    def judged(self) -> tuple[Judged, ...]:
        """Every rule's answer, the deciding one first."""
        return _judged(self.judged_json)

    @property
    def facts(self) -> dict[str, Any]:
        """Facts as written: without those that the catalogue already says."""
        decoded: dict[str, Any] = msgspec.json.decode(self.facts_json)
        return decoded

    @property
    def axes(self) -> dict[str, str]:
        """Parts of the id by name."""
        return axes_of(self.id)

    @property
    def deciding(self) -> Judged:
        """The entry that gave the case its verdict; empty where no rule was judged."""
        judged = self.judged
        return judged[0] if judged else Judged()


@lru_cache(maxsize=65536)
def _judged(raw: bytes) -> tuple[Judged, ...]:
    entries = msgspec.json.decode(raw, type=tuple[str | Judged, ...])
    return tuple(
        Judged(entry, "conforms") if isinstance(entry, str) else entry for entry in entries
    )


@dataclass(slots=True)
class Records:
    """One run. ``footer`` is None where the file has none.

    ``damage`` says what is wrong with the file.
    """

    path: Path
    header: dict[str, Any]
    cases: list[Case]
    footer: dict[str, Any] | None
    damage: tuple[str, ...] = ()
    _index: dict[str, int] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """Cases that the header planned."""
        return int(self.header.get("planned", len(self.cases)))

    @property
    def shard(self) -> str:
        """``shard 2 of 3`` where the file holds one shard of its plan; empty where it is whole."""
        shard = self.header.get("shard")
        return f"shard {shard['number']} of {shard['count']}" if isinstance(shard, dict) else ""

    @property
    def census(self) -> dict[str, Any]:
        """What the run asked the libraries.

        ``libraries``, ``ways``, ``profile`` and ``filters``.
        """
        return dict(self.header.get("census", {}))

    @property
    def incomplete(self) -> str:
        """Why the run is incomplete, as a sentence; empty where it is not."""
        reasons = list(self.damage)
        if self.footer is None:
            reasons.append("the file has no footer, so the run did not end")
        if len(self.cases) < self.planned:
            reasons.append(f"{len(self.cases):,} of {self.planned:,} planned cases are there")
        return "; ".join(reasons)

    @property
    def versions(self) -> dict[str, dict[str, str]]:
        """Versions of each library's packages, by library."""
        libraries = self.census.get("libraries", {})
        return {name: dict(entry.get("versions", {})) for name, entry in libraries.items()}

    def find(self, case_id: str) -> Case | None:
        """The case of an id, or None."""
        at = self._places.get(case_id)
        return None if at is None else self.cases[at]

    def position(self, case: Case) -> int:
        """Place of a case in the file."""
        return self._places[case.id]

    @property
    def _places(self) -> dict[str, int]:
        if not self._index:
            self._index = {case.id: at for at, case in enumerate(self.cases)}
        return self._index

    def count(self, key: str) -> Counter[str]:
        """How many cases have which ``outcome``, ``verdict`` or ``blame``."""
        return Counter(getattr(case, key) for case in self.cases)


def read(path: str | Path) -> Records:
    """Read a record file, plain or gzip.

    Raises
    ------
    ReportError No such file, not a record file, a line that is no JSON, or a schema newer than this
    version's. A last line that was cut is no error: the records say that they are incomplete.
    """
    path = Path(path)
    damage: list[str] = []
    lines = _lines(path, damage)
    header = read_header(path, next(lines, b""))
    cases, footer = _cases(path, lines, damage)
    if footer is not None and int(footer.get("cases", len(cases))) != len(cases):
        damage.append(
            f"the footer counts {footer['cases']:,} cases and the file has {len(cases):,}"
        )
    return Records(path=path, header=header, cases=cases, footer=footer, damage=tuple(damage))


def _lines(path: Path, damage: list[str]) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            try:
                yield from stream
            except (EOFError, zlib.error):
                damage.append("the gzip stream ends in the middle")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportError(str(path), "file", reason, "a record file") from None


def _cases(
    path: Path, lines: Iterator[bytes], damage: list[str]
) -> tuple[list[Case], dict[str, Any] | None]:
    """Case lines up to the footer; equal texts are kept once, which is most of them."""
    decoder = msgspec.json.Decoder(_Line)
    kept: dict[Any, Any] = {}
    cases: list[Case] = []
    for number, line in enumerate(lines, start=2):
        if b'"footer"' in line[:24]:
            return cases, dict(msgspec.json.decode(line))
        if not line.endswith(b"\n"):
            damage.append("the last line is cut")
            break
        try:
            row = decoder.decode(line)
        except msgspec.DecodeError as error:
            key = f"line {number}"
            raise ReportError(str(path), key, str(error), "a case or a footer line") from None
        facts, judged = bytes(row.facts), bytes(row.judged)
        if row.outcome == "not-run" and row.reason and judged == b"[]":
            judged = msgspec.json.encode([Judged(verdict=row.verdict, reason=row.reason)])
        cases.append(
            Case(
                id=row.id,
                outcome=kept.setdefault(row.outcome, row.outcome),
                modifiers=kept.setdefault(row.modifiers, row.modifiers),
                verdict=kept.setdefault(row.verdict, row.verdict),
                blame=kept.setdefault(row.blame, row.blame),
                proof=row.proof or "",
                judged_json=kept.setdefault(judged, judged),
                facts_json=kept.setdefault(facts, facts),
                input=kept.setdefault(row.input, row.input),
                time_ns=row.time_ns,
            )
        )
    return cases, None
