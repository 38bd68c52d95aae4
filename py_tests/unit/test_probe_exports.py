"""What probes of exports share: asking, names, and which libraries have a case."""

from __future__ import annotations

from typing import Any, ClassVar

from dlpack_conformance import modules
from dlpack_conformance.engine.protocol import protocol_cases
from dlpack_conformance.libraries import Makes, reference
from dlpack_conformance.probes._exports import ask, capsule_name

_, instrument = modules()


class Tried:
    """An observer that only tries calls."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def call(self, function: Any, **keywords: Any) -> Any:
        """Try a call, and note its end as the engine does."""
        for name in ("route.error", "route.message"):
            self.facts.pop(name, None)
        try:
            result = function(**keywords)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the fact
            self.facts["route.returned"] = False
            self.facts["route.error"] = type(error).__name__
            self.facts["route.message"] = str(error)
            return None
        self.facts["route.returned"] = True
        return result


class Producer:
    """Answers as it is told."""

    def __init__(self, error: Exception | None = None, *, old: bool = False) -> None:
        self.error, self.old = error, old

    def __dlpack_device__(self) -> tuple[int, int]:
        """Answer for the CPU."""
        return 1, 0

    def __dlpack__(self, **keywords: Any) -> str:
        """Give a word that stands for a capsule."""
        if self.old and "max_version" in keywords:
            raise TypeError("no such keyword")
        if self.error is not None:
            raise self.error
        return "capsule"


def test_ask_takes_the_exception_as_the_exports_own() -> None:
    """What the export raised is a fact of the export, and none of a route."""
    observer = Tried()

    assert ask(observer, Producer(BufferError("no")), {"copy": True}) is None  # type: ignore[arg-type]
    assert observer.facts["export.error"] == "BufferError"
    assert observer.facts["export.keywords"] == "copy=True"
    assert not any(name.startswith("route.") for name in observer.facts)


def test_ask_tries_an_older_producer_without_max_version() -> None:
    """A TypeError of ``max_version`` alone is no refusal; of other keywords it is one."""
    observer = Tried()
    old = Producer(old=True)

    assert ask(observer, old, {"max_version": (1, 3)}) == "capsule"  # type: ignore[arg-type]
    assert observer.facts["export.keywords"] == ""
    assert ask(observer, old, {"max_version": (1, 3), "copy": True}) is None  # type: ignore[arg-type]
    assert observer.facts["export.error"] == "TypeError"


def test_capsule_name_is_read_whatever_it_is() -> None:
    """Also where it is none of the four."""
    memory = instrument.Template("int8", (1,), (1,), 0, [1]).make()
    capsule = instrument.Array(memory, "int8", (1,), (1,)).__dlpack__()

    assert capsule_name(capsule) == "dltensor"
    instrument.from_capsule(capsule)
    assert capsule_name(capsule) == "used_dltensor"


class Narrow:
    """A library that makes one dtype, and tells of no header."""

    made: ClassVar[list[Makes]] = [
        Makes("plain", ("bool", "float32"), None, (("float32", "*", "why not"),))
    ]

    def __getattr__(self, name: str) -> Any:
        if name in ("abi", "probes"):
            raise AttributeError(name)
        return getattr(reference, name)

    def makes(self) -> list[Makes]:
        """Only booleans."""
        return self.made


def test_cases_of_a_library_are_those_of_what_it_makes() -> None:
    """A dtype that is excluded, or a header that nobody tells of, makes no case."""
    cases = {(rule, variant) for rule, variant, _, _ in protocol_cases(Narrow())}  # type: ignore[arg-type]
    of_reference = {(rule, variant) for rule, variant, _, _ in protocol_cases(reference)}

    assert ("H-11", "bool-versioned") in cases
    assert ("H-11", "float32-versioned") not in cases
    assert ("H-11", "float32-versioned") in of_reference
    assert not any(rule == "H-01" for rule, _ in cases)
    assert ("H-01", "DLPackVersion") in of_reference
