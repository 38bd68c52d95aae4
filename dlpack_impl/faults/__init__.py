"""Producers and consumers that are wrong on purpose: the proof that every check can fail.

A module of this package, one a rule group, has a list ``FAULTS`` and a dict ``UNPLANTED`` (rule ->
why no fault can show it). A `Fault` names the one rule that it proves and lists what falls with
it. From it come two libraries, each like a library file: the fault itself, and its harmless twin,
which is made the same way with the defect switched off. Both are the reference with parts replaced.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dlpack_conformance import modules
from dlpack_conformance.libraries import Entry, Source, reference
from dlpack_conformance.libraries._device import ReferenceOnDevice
from dlpack_faults import _tamper as tamper

__all__ = ["TWIN", "Between", "Fault", "FaultyArray", "Planted", "instrument", "tamper"]

instrument = modules().instrument
TWIN = "+twin"
"""Ends the name of a harmless twin."""

_SIGNATURE = inspect.signature(instrument.Array.__dlpack__)

Change = Callable[[Any], Any]


class FaultyArray(instrument.Array):  # type: ignore[misc, name-defined]
    """An array of the reference whose class is one library's alone; subclasses break something.

    ``defect``: False in the twin. A method that breaks something asks it first:
    ``if not self.defect: return super().method(...)``.
    """

    defect: ClassVar[bool] = False
    gives: ClassVar[Callable[[Any, FaultyArray, dict[str, Any]], Any] | None] = None

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Let ``__dlpack__(**keywords)`` of a subclass say which keywords those are."""
        super().__init_subclass__(**arguments)
        own = cls.__dict__.get("__dlpack__")
        if own is not None and any(
            parameter.kind is parameter.VAR_KEYWORD
            for parameter in inspect.signature(own).parameters.values()
        ):
            own.__signature__ = _SIGNATURE

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export as the reference does; then the fault's ``gives`` spoils the capsule."""
        capsule = super().__dlpack__(**keywords)
        gives = type(self).gives
        return gives(capsule, self, keywords) if self.defect and gives is not None else capsule


FaultyArray.__dlpack__.__signature__ = _SIGNATURE  # type: ignore[attr-defined]


class Between:
    """What a consumer meets instead of ``x``: each capsule goes through ``change`` on its way in.

    ``ask``: gives the keywords with which ``__dlpack__`` of ``x`` is called, from those that the
    reference passes.
    """

    def __init__(
        self,
        x: Any,
        change: Change = lambda capsule: capsule,
        ask: Callable[[dict[str, Any]], dict[str, Any]] = lambda keywords: keywords,
    ) -> None:
        self._x, self._change, self._ask = x, change, ask
        # As the reference looks before it asks: an object without them is refused by itself.
        self._export, self._device = x.__dlpack__, x.__dlpack_device__

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export ``x``."""
        return self._change(self._export(**self._ask(keywords)))

    def __dlpack_device__(self) -> Any:
        """Device of ``x``."""
        return self._device()


@dataclass(frozen=True, slots=True)
class Fault:
    """One defect. Give as many of the parts below ``also`` as it needs, mostly one.

    ``name``: words joined by ``-``, unique, the name of its library. ``proves``: the rule that it
    breaks. ``text``: what is wrong, in a few words. ``also``: rules that fall with it, because they
    see the same thing; each must fall, and no other may. ``verdict``: how the proved rule answers:
    ``deviates``, or for a should, and for a wrong class of exception, ``permitted``.

    Producers: ``array``, a subclass of `FaultyArray`; ``gives(capsule, array, keywords)``, applied
    to each capsule of ``__dlpack__``; ``options``, of every array (`_instrument.Array`); ``table``,
    keywords of `tamper.table`; ``make(library, source)``, for sources that the reference cannot
    make, None for others. Consumers: ``takes(capsule)``, applied to each capsule before the
    reference imports it; ``asks(keywords)``, the keywords that ``__dlpack__`` is called with;
    ``consume(x, **keywords)``, instead of ``from_dlpack``; ``consume_capsule(capsule)``;
    ``consume_interface(x)``, of the interface of arrays on CUDA. Both:
    ``replaces``, functions and attributes of the library file; ``states``, the same where the twin
    needs them, too.
    """

    name: str
    proves: str
    text: str
    also: tuple[str, ...] = ()
    verdict: str = "deviates"
    array: type[FaultyArray] = FaultyArray
    gives: Callable[[Any, FaultyArray, dict[str, Any]], Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    table: Mapping[str, Any] | None = None
    make: Callable[[Planted, Source], Any] | None = None
    takes: Change | None = None
    asks: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    consume: Callable[..., Any] | None = None
    consume_capsule: Change | None = None
    consume_interface: Change | None = None
    replaces: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)

    @property
    def touches(self) -> frozenset[str]:
        """Parts that are not the reference's own: export, import, table, abi, other."""
        gives = (self.gives, self.options, self.make, self.array is not FaultyArray)
        takes = (
            self.takes,
            self.asks,
            self.consume,
            self.consume_capsule,
            self.consume_interface,
        )
        replaced = {*self.replaces, *self.states}
        sides = {
            "export": any(gives),
            "table": self.table is not None or self.array is not FaultyArray,
            "import": any(takes) or "accepts" in replaced,
            "abi": "abi" in replaced,
            "other": bool(replaced - {"abi", "accepts"}),
        }
        return frozenset(side for side, touched in sides.items() if touched)

    def library(self, *, defect: bool) -> Planted:
        """Return the faulty library, or its harmless twin."""
        return Planted(self, defect)


class Planted:
    """A library: the reference with the parts of one `Fault` replaced."""

    declares = "2024.12"

    def __init__(self, fault: Fault, defect: bool) -> None:
        self.fault = fault
        self.defect = defect
        self.name = fault.name if defect else fault.name + TWIN
        for key, value in {**fault.states, **(fault.replaces if defect else {})}.items():
            setattr(self, key, value)
        gives = None if fault.gives is None else staticmethod(fault.gives)
        inside: dict[str, Any] = {"defect": defect, "__module__": __name__}
        if gives is not None:
            inside["gives"] = gives
        if fault.table is not None:
            options = fault.table if defect else {}
            inside["__dlpack_c_exchange_api__"] = tamper.table(instrument.Array, **options)
        self.array: type = type(fault.array.__name__, (fault.array,), inside)
        self._options = dict(fault.options) if defect else {}

    def __getattr__(self, key: str) -> Any:
        """Everything else is the reference's."""
        if key.startswith("__"):
            raise AttributeError(key)
        return getattr(reference, key)

    def make(self, source: Source) -> Any:
        """Make an array of the fault's own class."""
        if self.fault.make is not None:
            made = self.fault.make(self, source)
            if made is not None:
                return made
        options = {**reference.options_of(source.source), **self._options}
        return self.array(source.memory, source.dtype, source.shape, source.strides, **options)

    def reaches(self, kind: str) -> str | None:
        """It has arrays on simulated devices; faults need no other."""
        return None if kind == "simulated" else "faults are shown on a simulated device"

    def on_device(self, accelerator: Any) -> ReferenceOnDevice:
        """Arrays of the fault's own class on an accelerator."""
        return ReferenceOnDevice(accelerator, self.array, self._options)

    def types(self) -> tuple[type, ...]:
        """Its own arrays, and those that its consumer gives."""
        return (self.array, instrument.Array)

    def accepts(self) -> Mapping[str, Entry]:
        """Its consumer: the reference's, told something else."""
        return {
            "from_dlpack": Entry(self.from_dlpack),
            "capsule": Entry(self.from_capsule),
            "cuda-array-interface": Entry(self.from_interface),
        }

    def from_dlpack(self, x: Any, /, **keywords: Any) -> Any:
        """Import an object with the two methods."""
        fault, defect = self.fault, self.defect
        if defect and fault.consume is not None:
            return fault.consume(x, **keywords)
        if fault.takes is not None or fault.asks is not None:
            takes = fault.takes if defect and fault.takes is not None else lambda capsule: capsule
            asks = fault.asks if defect and fault.asks is not None else lambda given: given
            x = Between(x, takes, asks)
        return instrument.from_dlpack(x, **keywords)

    def from_interface(self, x: Any) -> Any:
        """Import an object that shows the interface of arrays on CUDA."""
        if self.defect and self.fault.consume_interface is not None:
            return self.fault.consume_interface(x)
        return instrument.from_cuda_array_interface(x)

    def from_capsule(self, capsule: Any) -> Any:
        """Import a bare capsule."""
        fault = self.fault
        if self.defect and fault.consume_capsule is not None:
            return fault.consume_capsule(capsule)
        if self.defect and fault.takes is not None:
            capsule = fault.takes(capsule)
        return instrument.from_capsule(capsule)
