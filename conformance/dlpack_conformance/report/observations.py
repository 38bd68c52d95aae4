"""What a script looks at: each observation is a few lines that put what they see into ``seen``.

An observation gives its lines and what ``seen`` is where the run's record is seen again, or None
where the two libraries give no means to look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["OBSERVATIONS", "Sides", "observation"]

Observed = tuple[list[str], str] | None


@dataclass(frozen=True, slots=True)
class Sides:
    """Source ``a`` and result ``b`` of one case as a script can look at them.

    ``api_a``, ``api_b``: what `Library.script_api` gives. ``rank``, ``elements``: of the source.
    ``value``: a literal that differs from element 0, or None. ``comparable``: the elements of both
    mean the same numbers. ``outcome``: as recorded. ``facts``: all, by name.
    """

    api_a: Mapping[str, str]
    api_b: Mapping[str, str]
    rank: int
    elements: int
    comparable: bool
    value: str | None
    outcome: str
    facts: Mapping[str, Any]

    def say(self, name: str, key: str) -> str | None:
        """An expression over ``a`` or ``b``, or None where its library has no such thing."""
        text = (self.api_a if name == "a" else self.api_b).get(key)
        return None if text is None else text.replace("{x}", name)

    def values(self, name: str) -> str | None:
        """A list of all elements."""
        return self.say(name, "values")

    def write(self, name: str) -> str | None:
        """A statement that changes element 0 through a side that its user may write."""
        writable = self.facts.get("source.writable" if name == "a" else "result.writable")
        text = self.say(name, "write")
        if text is None or self.value is None or writable is False or not self.elements:
            return None
        index = "(0,)" if self.rank == 1 else f"({', '.join(['0'] * self.rank)})"
        return text.replace("{index}", index).replace("{value}", self.value)


def observation(reason: str, modifiers: tuple[str, ...], outcome: str) -> str:
    """Name of the observation that shows a reason.

    The outcome's where nothing special is needed.
    """
    if outcome in ("crashed", "hung"):
        return "end"
    if reason in _OBSERVED_BY:
        return _OBSERVED_BY[reason]
    # Of the modifiers only this one says what the outcome alone leaves open about the reason.
    if reason and "dtype-changed" in modifiers and outcome in ("shared", "copied"):
        return "dtype"
    return "outcome"


# Reasons that the outcome alone does not show.
_OBSERVED_BY = {
    "readonly-lost": "writable",
    "promise-writable": "writable",
    "copy-not-writable": "writable",
    "legacy-writable-open": "writable",
    "readonly-route-open": "writable",
    "promise-dtype": "dtype",
    "dtype-changed": "dtype",
    "source-written": "source",
    "source-changed": "source",
    "deleter-count": "release",
    "deleter-count-refused": "release",
    "leak": "release",
    "late-free": "release",
    "double-free": "release",
    "early-free": "early",
    "copied-flag-missing": "copied-flag",
    "copied-flag-wrong": "copied-flag",
    "copy-readonly": "flags",
    "readonly-flag-missing": "flags",
    "flag-wrong": "flags",
    "strides-differ": "strides",
}


def _try(call: tuple[str, ...], after: list[str]) -> list[str]:
    return [
        "try:",
        *(f"    {line}" for line in call),
        "except Exception as error:",
        '    seen = "refused with " + type(error).__name__',
        "else:",
        *(f"    {line}" for line in after),
    ]


def _outcome(sides: Sides, call: tuple[str, ...]) -> Observed:
    """Shared, copied, corrupted, empty, or refused with a class."""
    asked, got = sides.values("a"), sides.values("b")
    recorded = sides.outcome
    if recorded == "refused":
        recorded = (
            f"refused with {str(sides.facts.get('route.error', 'Exception')).rpartition('.')[2]}"
        )
    if recorded == "corrupted" and sides.facts.get("result.values") is not False:
        return None  # bytes outside the elements, or the device: no library shows these
    compare = asked is not None and got is not None
    compare = compare and (sides.comparable or recorded == "corrupted")
    before = [f"asked = {asked}"] if compare else []
    return [*before, *_try(call, _sharing(sides, got if compare else None))], recorded


def _sharing(sides: Sides, got: str | None) -> list[str]:
    """Lines that set ``seen`` to shared, copied, empty or corrupted, by a write where possible.

    ``got``: the elements of the result, to be compared with ``asked``; None: not compared.
    """
    wrong = '"corrupted" if {} != asked else ' if got else ""
    if not sides.elements:
        return [f'seen = {wrong.format(got)}"empty"']
    values = sides.values("b")
    write = sides.write("a")
    if write and values:
        seen = f'seen = {wrong.format("was")}"shared" if {values} != was else "copied"'
        return [f"was = {values}", write, seen]
    values = sides.values("a")
    write = sides.write("b")
    if write and values:
        seen = f'seen = {wrong.format("got")}"shared" if {values} != was else "copied"'
        return [*([f"got = {got}"] if got else []), f"was = {values}", write, seen]
    here, there = sides.say("a", "address"), sides.say("b", "address")
    if here and there:
        return [f'seen = {wrong.format(got)}"shared" if {here} == {there} else "copied"']
    unknown = "  # neither side can be written or has an address"
    return [f"seen = {wrong.format(got)}{sides.outcome!r}{unknown}"]


def _end(sides: Sides, call: tuple[str, ...]) -> Observed:
    """The call runs in a child process; what is seen is how the child ended."""
    status = sides.facts.get("crash.status")
    recorded = f"ended by {sides.facts.get('crash.signal') or 'SIGALRM'}"
    if sides.outcome == "hung":
        recorded = "ended by SIGALRM"
    elif sides.facts.get("crash.how") == "exit":
        recorded = f"exit status {status}"
    later = sides.facts.get("crash.step") in ("read", "write", "release")
    read = sides.values("b") if later else None
    return [
        "import contextlib, os, signal",
        "child = os.fork()",
        "if child == 0:",
        "    signal.alarm(10)  # where it hangs",
        "    with contextlib.suppress(Exception):",
        *(f"        {line}" for line in call),
        *([f"        {read}; del b"] if read else []),
        "    os._exit(99)",
        "code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])",
        'ended = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"',
        'seen = "came back" if code == 99 else ended',
    ], recorded


def _writable(sides: Sides, call: tuple[str, ...]) -> Observed:
    writable = sides.say("b", "writable")
    if writable is None:
        return None
    recorded = "writable" if sides.facts.get("result.writable") else "read-only"
    return _try(call, [f'seen = "writable" if {writable} else "read-only"']), recorded


def _dtype(sides: Sides, call: tuple[str, ...]) -> Observed:
    dtype = sides.say("b", "dtype")
    if dtype is None or not sides.facts.get("result.dtype"):
        return None
    after = [f'seen = str({dtype}).rpartition(".")[2]']
    return _try(call, after), str(sides.facts["result.dtype"])


def _source(sides: Sides, call: tuple[str, ...]) -> Observed:
    values = sides.values("a")
    if values is None:
        return None
    after = [f'seen = "source as before" if {values} == asked else "source changed"']
    recorded = "source as before" if sides.facts.get("memory.source", True) else "source changed"
    return [f"asked = {values}", *_try(call, after)], recorded


def _release(sides: Sides, call: tuple[str, ...]) -> Observed:
    """A reference producer knows its balance; of others Python knows who holds the source."""
    facts = sides.facts
    balance = sides.say("a", "balance")
    held = balance or "sys.getrefcount(a) - before"
    recorded = "released" if not facts.get("end.alive") else "not released"
    if balance and facts.get("end.exports") != facts.get("end.deleter_calls"):
        recorded = "not released"
    start = [] if balance else ["import sys", "before = sys.getrefcount(a)"]
    collect = ["import gc", "gc.collect()"] if facts.get("end.alive_after_collect") else []
    # A refused import has to let go as well: the call may raise, the balance is read afterwards.
    tried = [f"    {line}" for line in (*call, "del b")]
    seen = f'seen = "not released" if {held} else "released"'
    return [*start, "try:", *tried, "except Exception:", "    pass", *collect, seen], recorded


def _early(sides: Sides, call: tuple[str, ...]) -> Observed:
    balance = sides.say("a", "balance")
    if balance is None:
        return None
    after = [f'seen = "held" if {balance} else "freed while b is alive"']
    return _try(call, after), "freed while b is alive" if sides.facts.get("end.early") else "held"


def _flags(sides: Sides, call: tuple[str, ...]) -> Observed:
    """The flags of the versioned struct (byte 24)."""
    flags = sides.facts.get("export.flags")
    if flags is None:
        return None
    return [
        *_struct(sides, "dltensor_versioned"),
        'seen = f"flags {ctypes.c_uint64.from_address(struct + 24).value}"',
    ], f"flags {flags}"


def _struct(sides: Sides, name: str) -> list[str]:
    """Lines that export the source with the keywords of the case, and find its ``struct``."""
    keywords = sides.facts.get("export.keywords")
    if keywords == "both" or not keywords:
        keywords = "max_version=(1, 3)" if name == "dltensor_versioned" else ""
    return [
        "import ctypes",
        f"capsule = a.__dlpack__({keywords})",
        "pointer = ctypes.pythonapi.PyCapsule_GetPointer",
        "pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]",
        f'struct = pointer(capsule, b"{name}")',
    ]


def _strides(sides: Sides, call: tuple[str, ...]) -> Observed:
    """The strides (pointer at byte 64 of the versioned struct, at 32 of the legacy one)."""
    strides = sides.facts.get("export.strides")
    if not strides:
        return None
    name = str(sides.facts.get("export.capsule"))
    at = 64 if name == "dltensor_versioned" else 32
    return [
        *_struct(sides, name),
        f"strides = ctypes.c_void_p.from_address(struct + {at}).value",
        f'seen = f"strides {{list((ctypes.c_int64 * {len(strides)}).from_address(strides))}}"',
    ], f"strides {list(strides)}"


def _copied_flag(sides: Sides, call: tuple[str, ...]) -> Observed:
    """The flags, and whether the struct (data at byte 32, offset at 72) has the source's memory.

    A copy may say that it is one: the flags alone show nothing wrong.
    """
    observed, address = _flags(sides, call), sides.say("a", "address")
    place = sides.facts.get("export.address")
    if observed is None or address is None or place is None or not sides.elements:
        return observed
    lines, recorded = observed
    there = "sum(ctypes.c_uint64.from_address(struct + at).value for at in (32, 72))"
    return [
        *lines,
        f'seen += ", shared" if {there} == {address} else ", copied"',
    ], f"{recorded}, {'shared' if place == '0' else 'copied'}"


OBSERVATIONS: dict[str, Callable[[Sides, tuple[str, ...]], Observed]] = {
    "outcome": _outcome,
    "end": _end,
    "writable": _writable,
    "dtype": _dtype,
    "source": _source,
    "release": _release,
    "early": _early,
    "flags": _flags,
    "strides": _strides,
    "copied-flag": _copied_flag,
}
