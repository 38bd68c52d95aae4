"""Merges shards into the file that one run would have written, and proves that it is whole."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.records import (
    digested,
    footer_of,
    lines_of,
    outcome_and_verdict,
)
from dlpack_conformance.engine.shards import shard_cases
from dlpack_conformance.errors import ReportError
from dlpack_conformance.record import read_header

__all__ = ["merged_lines"]

_OWN = frozenset({"command", "shard", "planned"})  # keys of a header that are the shard's own
_SHOWN = 60  # characters of a value in a message


@dataclass
class _Shard:
    """One file, read once from its begin to its end."""

    path: str
    header: dict[str, Any]
    lines: Iterator[bytes]
    number: int
    count: int
    digest: Any = field(default_factory=hashlib.sha256)
    cases: int = 0

    @property
    def name(self) -> str:
        return f"shard {self.number} of {self.count}"


def merged_lines(paths: Sequence[str | Path], command: Sequence[str] = ()) -> Iterator[bytes]:
    """Give header, cases in plan order, and footer of the one run that the shards make up.

    Case lines and footer are those that one run without ``--shard`` writes, but for ``time_ns``.
    Every planned case comes once: the plan is made again from the header, and each line must be the
    one that it has at this place. A caller that writes must discard what it has when this raises.

    Parameters
    ----------
    paths
        All shards of one run, in any order.
    command
        How the user called us, for the header.

    Raises
    ------
    ReportError
        A file is no shard, is cut, was changed, or does not belong to the others; a shard is
        missing or there twice; the catalogue at hand is another one.
    """
    import msgspec

    core = modules().core
    opened = [_open(str(path)) for path in paths]
    for other in opened[1:]:
        _refuse_mixture(opened[0], other)
    shards = _ordered(opened)
    first = shards[0]
    ours = core.catalogue_digest()
    theirs = first.header.get("catalogue", "unnamed")
    if theirs != ours:
        raise ReportError(
            first.path,
            "header: catalogue",
            f"is {theirs}, and what cases there are can't be told with {ours}",
            f"merge with the release that ran it ({first.header.get('suite', 'unnamed')})",
        )
    try:
        plan = core.Plan(first.header["census"])
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(first.path, "header", f"no plan can be made from it: {error}") from error
    owner = _owners(plan, shards)
    yield core.header_line(_header(shards, len(plan), command))
    counts: Counter[tuple[str, str]] = Counter()
    digest = hashlib.sha256()
    for index, number in enumerate(owner):
        line = _next_case(shards[number - 1], plan.id(index))
        counts[outcome_and_verdict(line)] += 1
        digest.update(digested(line))
        yield line
    for shard in shards:
        _read_end(shard, msgspec.json.decode)
    yield footer_of(counts, len(owner), digest.hexdigest())


def _open(path: str) -> _Shard:
    lines = lines_of(path)
    header = read_header(path, next(lines, b""))
    shard = header.get("shard")
    if shard is None:
        raise ReportError(path, "header: shard", "the file is no shard", "files of run --shard i/n")
    return _Shard(path, header, lines, shard["number"], shard["count"])


def _ordered(shards: list[_Shard]) -> list[_Shard]:
    """Return the shards by number; refuse a doubled, a missing and a foreign one by name."""
    if not shards:
        raise ReportError("merge", "files", "no file is given", "all shards of one run")
    known: dict[int, _Shard] = {}
    for shard in shards:
        if shard.count != shards[0].count:
            text = f"is {shard.name}, and {shards[0].path} is {shards[0].name}"
            raise ReportError(shard.path, "header: shard", text, "shards of one run")
        if not 1 <= shard.number <= shard.count:
            allowed = f"1 to {shard.count}"
            raise ReportError(shard.path, "header: shard", f"is {shard.name}", allowed)
        if shard.number in known:
            text = f"{shard.name} is there twice: {known[shard.number].path} has it, too"
            raise ReportError(shard.path, "header: shard", text, "each shard once")
        known[shard.number] = shard
    count = shards[0].count
    missing = [str(number) for number in range(1, count + 1) if number not in known]
    if missing:
        word = "shard" if len(missing) == 1 else "shards"
        text = f"{word} {', '.join(missing)} of {count} missing"
        raise ReportError("merge", "files", text, f"all {count} shards of one run")
    return [known[number] for number in range(1, count + 1)]


def _refuse_mixture(first: _Shard, other: _Shard) -> None:
    """Refuse two files that one run could not have written."""
    for key in [*sorted({*first.header, *other.header} - _OWN), "shard"]:
        one, two = first.header.get(key), other.header.get(key)
        if key == "shard":
            one, two = first.header["shard"]["planned"], other.header["shard"]["planned"]
        found = _difference(key, one, two)
        if found:
            where, old, new = found
            raise ReportError(
                other.path,
                f"header: {where}",
                f"is {new}, and in {first.path} it is {old}",
                "shards of one run: the same catalogue, versions, libraries and options",
            )


def _difference(where: str, one: Any, two: Any) -> tuple[str, str, str] | None:
    """Where two values first differ, and both values there; None where they are equal."""
    if one == two:
        return None
    if isinstance(one, dict) and isinstance(two, dict):
        for key in [*one, *(key for key in two if key not in one)]:
            found = _difference(f"{where}.{key}", one.get(key), two.get(key))
            if found:
                return found
    return where, _short(one), _short(two)


def _short(value: Any) -> str:
    text = "absent" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _owners(plan: Any, shards: Sequence[_Shard]) -> array[int]:
    """Which shard each case of the plan belongs to, by number."""
    owner = array("I", [0]) * len(plan)
    for shard in shards:
        planned = 0
        for cases in shard_cases(plan.pairs, (shard.number, shard.count)):
            planned += len(cases)
            for index in cases:
                owner[index] = shard.number
        for key, said, is_so in (
            ("planned", shard.header.get("planned"), planned),
            ("shard.planned", shard.header["shard"]["planned"], len(plan)),
        ):
            if said != is_so:
                text = f"is {said}, and the plan of the header gives {is_so}"
                raise ReportError(shard.path, f"header: {key}", text)
    return owner


def _next_case(shard: _Shard, case_id: str) -> bytes:
    """Return the next line of a shard, which must be this case."""
    line = next(shard.lines, b"")
    wanted = f'{{"kind":"case","id":"{case_id}",'.encode()
    if line.startswith(wanted):
        shard.cases += 1
        shard.digest.update(digested(line))
        return line
    key = f"line {shard.cases + 2}"
    planned = shard.header["planned"]
    if not line or line.startswith(b'{"kind":"footer"'):
        end = "has a footer" if line else "is cut"
        text = f"the file {end} after {shard.cases:,} of {planned:,} cases"
        raise ReportError(shard.path, key, text, f"run --shard {shard.number}/{shard.count} again")
    raise ReportError(shard.path, key, "is not the case that the plan has here", case_id)


def _read_end(shard: _Shard, decode: Any) -> None:
    """Read the footer behind the last case; its digest must be that of the lines."""
    key = f"line {shard.cases + 2}"
    again = f"run --shard {shard.number}/{shard.count} again"
    line = next(shard.lines, b"")
    if not line:
        raise ReportError(shard.path, key, "there is no footer, so the run did not end", again)
    try:
        footer = decode(line)
        is_footer = footer["kind"] == "footer"
    except (ValueError, KeyError, TypeError):
        is_footer = False
    if not is_footer:
        raise ReportError(shard.path, key, "is no footer, and all planned cases are there", again)
    if footer.get("digest") != shard.digest.hexdigest():
        text = "is not that of the lines: the file was changed after the run"
        raise ReportError(shard.path, "footer: digest", text, again)
    if next(shard.lines, b""):
        key = f"line {shard.cases + 3}"
        raise ReportError(shard.path, key, "there is something behind the footer", again)


def _header(shards: Sequence[_Shard], planned: int, command: Sequence[str]) -> dict[str, Any]:
    """Return the header of one run, as the shards had it, with the commands that ran them."""
    header: dict[str, Any] = {}
    for key, value in shards[0].header.items():
        if key not in {"kind", "shard"}:
            header[key] = {"command": list(command), "planned": planned}.get(key, value)
    header["merged"] = [list(shard.header.get("command", [])) for shard in shards]
    return header
