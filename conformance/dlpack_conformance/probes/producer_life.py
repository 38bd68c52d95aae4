"""Producers: the life of an export; P-07, P-08, P-10 to P-14, P-16 and P-17."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from itertools import permutations
from signal import ITIMER_REAL, SIG_DFL, SIGALRM, setitimer, signal
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes import _exports as exports
from dlpack_conformance.probes._producing import (
    Life,
    any_source,
    export,
    grown,
    in_place,
    newest,
    no_consumer,
    re_imported,
    readonly_source,
)

__all__ = ["PROBES"]

_ASKED: dict[str, dict[str, Any]] = {
    "legacy": {},
    "versioned": {"max_version": (1, 3)},
    "copy": {"max_version": (1, 3), "copy": True},
}
_REPEATS = 1000
_PATIENCE_S = 5.0

Run = Callable[[Observer], None]


def _made(observer: Observer, keywords: Mapping[str, Any]) -> tuple[Life, Any, Any]:
    """Return counts, source and an unread capsule of it, None where there is none."""
    life = Life(observer)
    x = any_source(observer)
    return life, x, export(observer, x, keywords, read=False)


def _unconsumed(keywords: Mapping[str, Any], *, source_first: bool) -> Run:
    """Drop a capsule that nobody took."""

    def run(observer: Observer) -> None:
        life, x, capsule = _made(observer, keywords)
        if capsule is None:
            return
        observer.forget()
        observer.step("release")
        if source_first:
            shares = in_place(observer, capsule)
            del x
            life.note("held", life.held() if shares else None)
            del capsule
        else:
            del capsule
            del x
        life.note("freed", life.freed())

    return run


def _in_a_cycle(keywords: Mapping[str, Any], *, with_source: bool) -> Run:
    """Leave a capsule to the cycle collector."""

    def run(observer: Observer) -> None:
        life, x, capsule = _made(observer, keywords)
        if capsule is None:
            return
        observer.forget()
        observer.step("release")
        cycle: list[Any] = [capsule, x if with_source else None]
        cycle.append(cycle)
        del capsule, x, cycle
        gc.collect()
        life.note("freed", life.freed())

    return run


def _fresh_sources(keywords: Mapping[str, Any]) -> Run:
    """Export a new array each time and drop the capsule: what leaks takes the elements with it."""

    def run(observer: Observer) -> None:
        if export(observer, any_source(observer), keywords, read=False) is None:
            return
        facts = dict(observer.facts)
        given = dict(keywords)
        grown(
            observer,
            lambda: any_source(observer).__dlpack__(**given),
            _REPEATS // 4,
            without=lambda: any_source(observer),
        )
        facts |= {name: observer.facts[name] for name in observer.facts if name[:5] == "life."}
        observer.facts.clear()
        observer.facts.update(facts)

    return run


def _consumed(keywords: Mapping[str, Any]) -> Run:
    """Take the tensor, drop the renamed capsule, then run the deleter by hand."""

    def run(observer: Observer) -> None:
        life, x, capsule = _made(observer, keywords)
        if capsule is None:
            return
        facts = observer.facts
        if not in_place(observer, capsule):
            return  # no count tells whether a copy is alive
        facts["capsule.first_name"] = observer.instrument.capsule_name(capsule)
        taken = observer.instrument.Taken(capsule)
        facts["capsule.name"] = observer.instrument.capsule_name(capsule)
        observer.forget()
        observer.step("release")
        del x, capsule
        life.note("held", life.held())
        if life.held() is False:
            life.note("freed", True)
            return  # the destructor deleted it: once more would end the process
        taken.delete()
        life.note("freed", life.freed())

    return run


def _pending(keywords: Mapping[str, Any], *, deleter: bool, last: bool) -> Run:
    """Drop a capsule, or run its deleter, while an exception is pending."""

    def run(observer: Observer) -> None:
        life, x, capsule = _made(observer, keywords)
        if capsule is None:
            return
        observer.forget()
        instrument = observer.instrument
        taken: Any = instrument.Taken(capsule) if deleter else None
        holder = [capsule]
        del capsule
        if not deleter and sys.getrefcount(holder[0]) > 2:
            return  # somebody else keeps it, so that it can't be dropped here
        observer.step("release")
        if last:
            x = None
        kept, now = taken.delete_pending() if deleter else instrument.drop_pending(holder)
        observer.facts["life.pending_kept"] = kept
        if now is not None:
            observer.facts["answer.error"] = now
        del x
        life.note("freed", life.freed())

    return run


def _elsewhere(keywords: Mapping[str, Any], *, last: bool, busy: bool = False) -> Run:
    """Run the deleter on a thread that Python does not know, without the GIL."""

    def run(observer: Observer) -> None:
        life, x, capsule = _made(observer, keywords)
        if capsule is None:
            return
        library = observer.library
        values = library.read(x)
        taken = observer.instrument.Taken(capsule)
        del capsule
        observer.forget()
        observer.step("release")
        if last:
            x = None
        taken.delete_elsewhere(_compute if busy else None)
        if x is not None:
            observer.facts["life.right"] = library.read(x) == values
        x = None
        life.note("freed", life.freed())

    return run


def _locked_out(keywords: Mapping[str, Any]) -> Run:
    """Run the deleter on a foreign thread while this one has the GIL and counts references."""

    def run(observer: Observer) -> None:
        life, x, capsule = _made(observer, keywords)
        if capsule is None:
            return
        taken = observer.instrument.Taken(capsule)
        del capsule
        observer.forget()
        observer.step("release")
        observer.facts["life.refs"] = taken.delete_locked_out(x)
        x = None
        life.note("freed", life.freed())

    return run


def _dropped_elsewhere(keywords: Mapping[str, Any], *, source_first: bool) -> Run:
    """Let a capsule die on another thread of Python."""

    def run(observer: Observer) -> None:
        life, x, capsule = _made(observer, keywords)
        if capsule is None:
            return
        observer.forget()
        kept = [capsule]
        del capsule
        observer.step("release")
        if source_first:
            x = None
        thread = threading.Thread(target=kept.clear)
        thread.start()
        thread.join()
        del x
        life.note("freed", life.freed())

    return run


def _compute() -> int:
    """Keep this thread and its references busy for some hundred microseconds."""
    return sum(len(str(number)) for number in range(2000))


def _after_the_end(observer: Observer) -> None:
    """Let a forked process end while the tensor is kept, its deleter to run at the very end."""
    x = any_source(observer)
    capsule = export(observer, x, newest(x), read=False)
    if capsule is None:
        return
    taken = observer.instrument.Taken(capsule)

    def end() -> dict[str, Any]:
        signal(SIGALRM, SIG_DFL)
        setitimer(ITIMER_REAL, _PATIENCE_S)
        taken.end_process()
        return {}

    observer.step("release")
    observer.facts.update(observer.apart(end))
    taken.delete()


def _repeated(keywords: Mapping[str, Any], *, deleter: bool) -> Run:
    """Export and delete again and again."""

    def run(observer: Observer) -> None:
        x = any_source(observer)
        if export(observer, x, keywords, read=False) is None:
            return
        given, taken = dict(keywords), observer.instrument.Taken
        before = sys.getrefcount(x)

        def drop() -> None:
            x.__dlpack__(**given)

        def delete() -> None:
            taken(x.__dlpack__(**given)).delete()

        observer.step("release")
        grown(observer, delete if deleter else drop, _REPEATS)
        observer.facts["life.refs"] = sys.getrefcount(x) - before

    return run


def _outlives(
    keywords: Mapping[str, Any], dtype: str = "float32", layout: str = "", chain: bool = False
) -> Run:
    """Read a capsule when its source is gone and what was freed is used again."""

    def run(observer: Observer) -> None:
        life = Life(observer)
        x = any_source(observer, dtype, layout)
        place = observer.place()
        if chain:
            x = re_imported(observer, x)
            if x is None:
                return
        capsule = export(observer, x, keywords, read=False)
        if capsule is None:
            return
        shares = in_place(observer, capsule)
        observer.forget()
        observer.step("release")
        del x
        if shares:
            life.note("held", life.held())
            if life.held() is False:
                return  # its memory may be anything by now
        gc.collect()
        kept = [bytearray(b"\xa5" * size) for size in range(16, 2048, 16)]
        kept.clear()
        if not life.counted:
            exports.churn(observer)
        observer.step("read")
        facts = observer.core.Facts()
        facts.read_export("export", capsule, *place)
        observer.facts.update(facts.to_dict())

    return run


def _raw(observer: Observer, thing: Any) -> bytes:
    """Bytes of a capsule, or of an array of the reference."""
    own = isinstance(thing, observer.instrument.Array)
    raw: bytes = thing.raw() if own else observer.instrument.inspect(thing).raw()
    return raw


def _readable(things: Mapping[str, Any]) -> list[Any]:
    return [thing for name, thing in things.items() if name != "source"]


_THINGS = ("source", "first", "second", "view")


def _order(order: tuple[str, ...]) -> Run:
    """Release source, two capsules and an import in one order; what is left is read each time."""

    def run(observer: Observer) -> None:
        life = Life(observer)
        x = any_source(observer)
        wanted = observer.place()[2]
        first = export(observer, x, {}, read=False)
        second = export(observer, x, newest(x), read=False)
        if first is None or second is None:
            return
        instrument = observer.instrument
        observer.facts["capsule.distinct"] = first is not second
        view = observer.call(instrument.from_dlpack, x)
        if view is None:
            return
        things = {"source": x, "first": first, "second": second, "view": view}
        del x, first, second, view
        observer.forget()
        right = True
        for gone in order:
            observer.step("release")
            del things[gone]
            observer.step("read")
            right = right and all(_raw(observer, thing) == wanted for thing in _readable(things))
            observer.facts["life.right"] = right
        life.note("freed", life.freed())

    return run


def _two(first: str, second: str) -> Run:
    """Let two exports of one array end in different ways, one after the other."""

    def run(observer: Observer) -> None:
        life = Life(observer)
        x = any_source(observer)
        wanted = observer.place()[2]
        capsules = [export(observer, x, newest(x), read=False) for _ in range(2)]
        if None in capsules:
            return
        instrument = observer.instrument
        # Two capsules over one counted struct are two: how they end shows whether they can.
        distinct = capsules[0] is not capsules[1]
        observer.facts["capsule.distinct"] = distinct
        if not distinct:
            return  # what ends the one would end the other
        ends = {
            "dropped": lambda capsule: None,
            "deleted": lambda capsule: instrument.Taken(capsule).delete(),
            "imported": instrument.from_capsule,
        }
        del x
        observer.forget()
        observer.step("release")
        kept = ends[first](capsules.pop(0))
        if life.held() is False:  # the end of the one was the end of the other: nothing to read
            observer.facts["life.right"] = False
            return
        right = instrument.inspect(capsules[0]).raw() == wanted
        kept = [kept, ends[second](capsules.pop())]
        right = right and all(one.raw() == wanted for one in kept if one is not None)
        observer.facts["life.right"] = right
        del kept
        life.note("freed", life.freed())

    return run


def _afterwards(keywords: Mapping[str, Any], *, readonly: bool = False) -> Run:
    """Look at the source while the export lives, and when it is gone; write to it at last."""

    def run(observer: Observer) -> None:
        x = readonly_source(observer) if readonly else any_source(observer)
        if x is None:
            return
        library, core = observer.library, observer.core
        before = library.describe(x), library.read(x)
        capsule = export(observer, x, keywords, read=False)
        if capsule is None:
            return
        raw = observer.instrument.inspect(capsule).raw()
        shares = in_place(observer, capsule)
        view = observer.instrument.from_capsule(capsule)
        del capsule
        right = view.raw() == raw == observer.place()[2]
        same = (library.describe(x), library.read(x)) == before
        if before[0].writable:
            observer.step("write")
            index = (0,) * len(before[0].shape)
            other = core.values("float32", "matrix")[-1]
            old = library.get(x, index)
            encode = observer.instrument.encode
            library.write(x, index, other, encode("float32", other))
            right = right and view.get(index) == (other if shares else old)
            same = same and library.get(x, index) == other
            library.write(x, index, old, encode("float32", old))
        observer.step("release")
        del view
        observer.facts["life.right"] = right
        observer.facts["life.same"] = same and (library.describe(x), library.read(x)) == before

    return run


def _each(
    rule: str, text: str, make: Callable[[Mapping[str, Any]], Run], word: str = ""
) -> list[Probe]:
    """Return a probe for each way to ask."""
    return [
        Probe(rule, f"{name}{word}", make(keywords), f"{text}, {name}", needs="export")
        for name, keywords in _ASKED.items()
    ]


PROBES = [
    *_each(
        "P-07",
        "an unconsumed capsule is dropped after its source",
        partial(_unconsumed, source_first=True),
        "+source-first",
    ),
    *_each(
        "P-07",
        "an unconsumed capsule is dropped before its source",
        partial(_unconsumed, source_first=False),
        "+capsule-first",
    ),
    *_each(
        "P-07",
        "an unconsumed capsule in a cycle is collected",
        partial(_in_a_cycle, with_source=False),
        "+cycle",
    ),
    *_each(
        "P-07",
        "an unconsumed capsule in a cycle with its source is collected",
        partial(_in_a_cycle, with_source=True),
        "+cycle-with-source",
    ),
    *_each(
        "P-07",
        "an unconsumed capsule dies on another thread, before its source",
        partial(_dropped_elsewhere, source_first=False),
        "+other-thread",
    ),
    *_each(
        "P-07",
        "an unconsumed capsule dies on another thread, after its source",
        partial(_dropped_elsewhere, source_first=True),
        "+other-thread+source-first",
    ),
    *_each("P-07", "capsules of many sources are dropped", _fresh_sources, "+many-sources"),
    *_each("P-08", "a consumed capsule is dropped before the deleter runs", _consumed)[:2],
    *(
        probe
        for word, deleter, last in (
            ("+capsule", False, False),
            ("+capsule-last", False, True),
            ("+deleter", True, False),
            ("+deleter-last", True, True),
        )
        for probe in _each(
            "P-10",
            "an exception is pending when the export ends",
            partial(_pending, deleter=deleter, last=last),
            word,
        )
    ),
    *(
        probe
        for word, last, busy in (
            ("+source-alive", False, False),
            ("+source-gone", True, False),
            ("+source-alive+busy", False, True),
            ("+source-gone+busy", True, True),
        )
        for probe in _each(
            "P-11",
            "the deleter runs on a foreign thread without the GIL",
            partial(_elsewhere, last=last, busy=busy),
            word,
        )
    ),
    *_each(
        "P-11",
        "the deleter runs on a foreign thread while another one has the GIL",
        _locked_out,
        "+locked-out",
    ),
    Probe("P-12", "at-exit", _after_the_end, "the deleter runs at exit", "export", forks=True),
    *_each(
        "P-13",
        "exports are dropped again and again",
        partial(_repeated, deleter=False),
        "+dropped",
    ),
    *_each(
        "P-13",
        "exports are consumed and deleted again and again",
        partial(_repeated, deleter=True),
        "+deleted",
    ),
    *_each("P-14", "a capsule is read when its source is gone", _outlives),
    *(
        Probe(
            "P-14",
            f"{layout}",
            _outlives({}, layout=layout),
            f"{layout}, source gone",
            needs="export",
        )
        for layout in ("fortran", "rows", "step", "cube")
    ),
    Probe(
        "P-14",
        "re-export",
        _outlives({}, chain=True),
        "a capsule of an array imported from its own export, all names gone",
        needs="export",
        absent=no_consumer,
    ),
    *(
        Probe(
            "P-16",
            "-".join(order),
            _order(order),
            f"released in order {', '.join(order)}",
            needs="export",
        )
        for order in permutations(_THINGS)
    ),
    *(
        Probe(
            "P-16",
            f"{first}+{second}",
            _two(first, second),
            f"one {first}, one {second}",
            needs="export",
        )
        for first in ("dropped", "deleted", "imported")
        for second in ("dropped", "deleted", "imported")
    ),
    *_each("P-17", "the source is looked at and written after the export", _afterwards),
    Probe(
        "P-17",
        "readonly",
        _afterwards({"max_version": (1, 3)}, readonly=True),
        "a read-only source is looked at after the export",
        needs="export",
    ),
]
