"""The record file: it grows while the run goes on, is sorted at its end, can be judged again."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tempfile
import threading
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from dlpack_conformance import modules
from dlpack_conformance.errors import ReportError
from dlpack_conformance.record import read_header

__all__ = [
    "RecordFile",
    "digested",
    "footer_of",
    "judge_file",
    "lines_of",
    "outcome_and_verdict",
    "write_lines",
]

_STDOUT = "-"
_CHUNK_BYTES = 1 << 18
_GZIP = 31  # zlib's word for "with a gzip header"
_TIME = b',"time_ns":'
_KEYS = (b'"outcome":"', b'"verdict":"')


class RecordFile:
    """Writes one run to ``path``; ``-`` is stdout, a name that ends in ``.gz`` is gzip.

    Records come in order of completion, from several threads. Without `finish` the file has no
    footer, which every reader takes for incomplete.
    """

    def __init__(self, path: str, header: dict[str, Any]) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._order: list[int] = []
        self._header: bytes = modules().core.header_line(header)
        self.counts: Counter[tuple[str, str]] = Counter()
        if path == _STDOUT:
            self._raw = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - `close` does
        else:
            try:
                self._raw = Path(path).open("w+b")  # noqa: SIM115 - `close` does
            except OSError as error:
                raise ReportError(path, "--out", f"can't be written: {error.strerror}") from error
        self._out: Any = self._raw
        if path.endswith(".gz"):
            self._out = gzip.GzipFile(
                fileobj=self._raw, mode="wb", compresslevel=3, mtime=0, filename=""
            )
        self._out.write(self._header)
        self.flush()

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._order)

    def add(self, index: int, line: bytes) -> None:
        """Append the record of case ``index``."""
        answer = outcome_and_verdict(line)
        with self._lock:
            self._out.write(line)
            self._order.append(index)
            self.counts[answer] += 1

    def flush(self) -> None:
        """Bring what was added to the disk; called after each batch."""
        with self._lock:
            self._out.flush()
            self._raw.flush()

    def has(self, begin: int, end: int) -> set[int]:
        """Which cases of ``begin`` to ``end`` are written."""
        with self._lock:
            return {index for index in self._order if begin <= index < end}

    def finish(self) -> None:
        """Sort into plan order, write the footer, and replace the growing file in one rename."""
        self._close_growing()
        self._raw.seek(0)
        stored: Any = gzip.GzipFile(fileobj=self._raw) if self._path.endswith(".gz") else self._raw
        lines: list[bytes] = stored.readlines()[1:]
        ranked = [
            line
            for _, line in sorted(zip(self._order, lines, strict=True), key=lambda pair: pair[0])
        ]
        footer = footer_of(self.counts, len(ranked), _digest(ranked))
        write_lines(self._path, chain([self._header], ranked, [footer]))

    def abandon(self) -> None:
        """Leave what there is, without a footer; to stdout it goes now."""
        self._close_growing()
        if self._path == _STDOUT:
            self._raw.seek(0)
            sys.stdout.buffer.write(self._raw.read())
            sys.stdout.buffer.flush()

    def close(self) -> None:
        """Close the file; idempotent."""
        self._raw.close()

    def _close_growing(self) -> None:
        self.flush()
        if self._out is not self._raw:
            self._out.close()
            self._raw.flush()


def write_lines(path: str, lines: Iterable[bytes]) -> None:
    """Write a record file whole; ``-`` is stdout, a name that ends in ``.gz`` is gzip.

    It is written beside ``path`` and renamed, so that a failure on the way leaves the old one.

    Raises
    ------
    ReportError
        The file can't be written.
    """
    if path == _STDOUT:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
        return
    final = Path(path)
    new = final.with_name(f".{final.name}.new")
    try:
        with new.open("wb") as raw:
            if final.name.endswith(".gz"):
                with gzip.GzipFile(
                    fileobj=raw, mode="wb", compresslevel=6, mtime=0, filename=""
                ) as out:
                    out.writelines(lines)
            else:
                raw.writelines(lines)
            raw.flush()
            os.fsync(raw.fileno())
        new.replace(final)
    except OSError as error:
        raise ReportError(path, "--out", f"can't be written: {error.strerror}") from error
    finally:
        new.unlink(missing_ok=True)


def outcome_and_verdict(line: bytes) -> tuple[str, str]:
    """Outcome and verdict of a case line, by its fixed keys."""
    found = []
    for key in _KEYS:
        begin = line.index(key) + len(key)
        found.append(line[begin : line.index(b'"', begin)].decode())
    return found[0], found[1]


def lines_of(path: str | Path) -> Iterator[bytes]:
    """Complete lines of a record file, plain or gzip; one that was cut ends where it was cut.

    Raises
    ------
    ReportError
        The file can't be read.
    """
    rest = b""
    try:
        with Path(path).open("rb") as file:
            unpack = zlib.decompressobj(_GZIP).decompress if str(path).endswith(".gz") else bytes
            while chunk := file.read(_CHUNK_BYTES):
                lines = (rest + unpack(chunk)).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    yield line + b"\n"
    except (OSError, zlib.error) as error:
        raise ReportError(str(path), "file", f"can't be read: {error}") from error


def judge_file(path: str | Path) -> Iterator[bytes]:
    """Give a record file again: each verdict judged anew from the facts of its line.

    Raises
    ------
    ReportError
        It is no record file, or a line holds what the catalogue does not have.

    References
    ----------
    Design section 4: ``judge`` over a finished file gives every verdict again, byte for byte.
    """
    import msgspec

    core = modules().core
    lines = lines_of(path)
    first = next(lines, b"")
    header = read_header(path, first)
    try:
        plan = core.Plan(header["census"])
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(str(path), "header", f"no plan can be made from it: {error}") from error
    yield first
    judge = core.Judge(plan)
    facts = core.Facts()
    cases: list[bytes] = []
    counts: Counter[tuple[str, str]] = Counter()
    for number, line in enumerate(lines, start=2):
        try:
            record = msgspec.json.decode(line)
            if record["kind"] != "case":
                yield footer_of(counts, len(cases), _digest(cases))
                return
            index = plan.find(record["id"])
            if index < 0:
                text = "the plan of the header has no such case"
                raise ReportError(str(path), record["id"], text)
            again = _again(core, judge, facts, index, record)
        except ReportError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            key = f"line {number}"
            raise ReportError(str(path), key, str(error), "a case or a footer line") from None
        counts[outcome_and_verdict(again)] += 1
        cases.append(again)
        yield again


def _again(core: Any, judge: Any, facts: Any, index: int, record: dict[str, Any]) -> bytes:
    if "facts" not in record:
        line: bytes = judge.not_run(index, record["reason"])
        return line
    facts.clear()
    facts.update(judge.expand(index, record["facts"]))
    again: bytes = judge.record(index, facts, record["time_ns"])
    return again


def footer_of(counts: Counter[tuple[str, str]], cases: int, digest: str) -> bytes:
    """Last line of a file: how many cases, by (outcome, verdict), and the digest over them."""
    by_outcome: Counter[str] = Counter()
    by_verdict: Counter[str] = Counter()
    for (outcome, verdict), count in counts.items():
        by_outcome[outcome] += count
        by_verdict[verdict] += count
    content = {
        "cases": cases,
        "counts": dict(sorted(by_outcome.items())),
        "verdicts": dict(sorted(by_verdict.items())),
    }
    line: bytes = modules().core.footer_line(content, digest)
    return line


def digested(line: bytes) -> bytes:
    """Return what the footer's digest has of a case line: all but ``time_ns``, its last key."""
    return (line[: line.rindex(_TIME)] if _TIME in line else line) + b"\n"


def _digest(lines: list[bytes]) -> str:
    """Digest over case lines in plan order."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(digested(line))
    return digest.hexdigest()
