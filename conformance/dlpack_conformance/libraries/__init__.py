"""What a library file and a route say of themselves.

A library file is a module in this package (or a file or entry point from outside) with the
functions of `Library`; modules whose name begins with ``_`` are helpers. Only library files import
array libraries, and they do so inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from dlpack_conformance._instrument import Memory, Template

__all__ = [
    "LONG_ELEMS",
    "Description",
    "Entry",
    "Library",
    "Makes",
    "NotMadeError",
    "OnDevice",
    "Promise",
    "Route",
    "Source",
    "Usage",
    "facts_of",
    "promise_of",
    "rules_of",
]

LONG_ELEMS = 2**20
"""Above this many elements ``read`` gives the first and the last alone."""


class NotMadeError(LookupError):
    """A library was asked for a source that it does not make; the text says which."""


class Source(NamedTuple):
    """One source to make: axes of the case, the layout's numbers and the memory to build it in.

    ``shape``: extents; ``strides``: elements; ``offset``: elements from the memory's origin to
    element 0. ``memory`` is None for sources that the library allocates by itself. ``values``: the
    numbers of the elements in C order (one where all share an address). A tuple, because one is
    made for each case.
    """

    dtype: str
    layout: str
    source: str
    device: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    values: Sequence[Any]
    memory: Memory | None
    template: Template | None


class Description(NamedTuple):
    """A live array by its library's own API.

    ``strides``: elements, None where elements can't say them or there are none. ``address``: of
    element 0, None where the library says that there is no data (empty, meta, sparse).
    ``writable``: its user may write to it.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    dtype: str
    device: str
    address: int | None
    writable: bool
    strides_bytes: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Makes:
    """What a library can make of one ``source``: ``dtypes`` x ``layouts`` less what is excluded.

    ``dtypes``, ``layouts``: names; None is every layout. ``excluded``: (dtype or ``*``, layout or
    ``*``, reason), counted by reason in the plan.
    """

    source: str
    dtypes: tuple[str, ...]
    layouts: tuple[str, ...] | None
    excluded: tuple[tuple[str, str, str], ...] = ()
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Promise:
    """What the route's own documentation says.

    ``kind``: ``shares``, ``copies``, ``shares-if-possible``, ``converts:<dtype>`` or ``none``.
    ``document``, ``section``: source key and place, as in the requirements. ``shape``: ``same``, or
    ``flat`` where the route gives one axis over the same bytes. ``by_request``: another kind for
    some requests, e.g. ``{"copy-true": "copies"}``. ``device``: where the result lies, e.g. ``cpu``
    of a route that brings arrays to the host; empty: where the source does.
    """

    kind: str
    document: str
    section: str
    shape: str = "same"
    by_request: Mapping[str, str] = field(default_factory=dict)
    device: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A consumer's function for a route that belongs to no library.

    ``call(offered, **keywords)``. ``lacks``: keyword -> proof that this release does not have it;
    key ``""``: it lacks the function itself. ``wants_dtype``: the call must be given ``dtype=<the
    source's dtype, by name>``. ``promise``: the consumer's own where it differs from the route's.
    ``rules``: R rules that bind this consumer beside the route's. ``may_copy``: it is known to copy
    where it need not, so that no huge source is handed to it.
    """

    call: Callable[..., Any]
    lacks: Mapping[str, str] = field(default_factory=dict)
    wants_dtype: bool = False
    promise: Promise | None = None
    rules: tuple[str, ...] = ()
    may_copy: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One way from a producer's array to a consumer's.

    ``producers``, ``consumers``: library names, None for every one that has what the route needs.
    ``bind(producer, consumer, request)`` gives the call of one request, made once and called per
    case with the source; it raises `LookupError` with the proof where this release lacks the route
    or the keyword, and `NotImplementedError` where no release has such a way between the two.
    ``rules``: the R rules that bind it; ``rules_by_producer``: further ones for one producer's
    arrays. ``script(producer, consumer, request)``: the call as a user writes it, with ``a`` for
    the source and ``b`` for the result. ``gives()``: the function by which this route exports a
    source as a capsule, None where that is ``__dlpack__``. ``devices``: whether arrays on other
    devices than the host go this way, or the producers whose arrays do; None: where ``dlpack``.
    ``host``: whether arrays on the host go this way. ``may_copy``: as in `Entry`.
    """

    name: str
    requests: tuple[str, ...]
    promise: Promise
    bind: Callable[[Library, Library, str], Callable[[Any], Any]]
    script: Callable[[Library, Library, str], str]
    rules: tuple[str, ...] = ()
    producers: tuple[str, ...] | None = None
    consumers: tuple[str, ...] | None = None
    dlpack: bool = True
    rules_by_producer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gives: Callable[[], Callable[[Any], Any]] | None = None
    devices: bool | tuple[str, ...] | None = None
    host: bool = True
    may_copy: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """A few lines as users write them.

    ``run()`` gives facts of the group ``answer``; ``text`` is the code shown. ``imports`` and
    ``value`` make a script of it: its first lines, and the expression of ``answer.value``.
    """

    topic: str
    variant: str
    text: str
    run: Callable[[], dict[str, Any]]
    imports: tuple[str, ...] = ()
    value: str = ""


class OnDevice(Protocol):
    """Arrays of a library on one accelerator, for what is observed of streams.

    Streams are integers as ``__dlpack__`` spells them on CUDA: 1 the legacy default stream, 2 this
    thread's own default stream, other handles those of live streams of the same device.
    """

    def make(self, dtype: str, values: Sequence[Any], step: int = 1, pool: str = "device") -> Any:
        """Make an array of one axis, complete on return; ``step``: elements from one to the next.

        ``pool``: ``device``, or ``pinned`` for memory of the host that the device knows. What the
        library does not make raises `NotMadeError`.
        """

    def writer(self, x: Any, values: Sequence[Any]) -> Callable[[int], None]:
        """Return what queues the writing of all elements on a stream, without a wait of the host.

        For what the writing needs the host may wait here. `NotMadeError` of immutable arrays.
        """

    def on(self, stream: int) -> AbstractContextManager[Any]:
        """While it is open, the library's work of this thread goes to the stream."""

    def read(self, x: Any, stream: int) -> list[Any]:
        """All elements as work on the stream sees them; the host waits for that stream alone."""

    def capture(self) -> AbstractContextManager[Any]:
        """While it is open, work of this thread becomes a graph; where `Library` has ``captures``.

        What ends the capture before its time raises when it is left.
        """


class Library(Protocol):
    """The functions of a library file.

    Whose an array is tells ``item_bytes(x)``, asked of any object: bytes of one element, None where
    ``x`` is no array of this library; it imports nothing. A file without it is asked for `types`.

    A file may leave out ``usages``, ``script_calls``, ``script_make`` and ``script_api``: it then
    shows no usage, and its cases have no scripts.

    It may have besides: ``start`` (``fork`` or ``fresh``), ``declares`` (array API version, or a
    function that gives it), ``promises`` (rule id -> its own text), ``abi()`` (facts of the
    ``dlpack.h`` that it was built with, by the names of `_core.abi`).

    A library that has arrays on devices has two more functions. ``reaches(kind)``: None where it
    has them on this machine, else the proof that it does not; `NotImplementedError` where no
    release has them. ``kind`` is ``cuda`` or ``simulated``; the latter only the reference and
    faults have. ``on_device(accelerator)`` gives its `OnDevice` on an accelerator of the
    instrument, which is the same device; ``captures``: that has ``capture``; ``current_stream``,
    True unless said: its work goes to a stream that a thread has, and not to one that each call
    or array names.
    ``script_on_device(kind)``: the same as lines of a script
    that has the accelerator as ``device``, and lists of numbers ``old`` and ``new``: ``import``;
    ``make``, an expression for an array of ``old``; ``prepare``, lines that need not wait;
    ``write``, a line that queues ``new`` into the array ``a``; ``use`` (``use-legacy``,
    ``use-per-thread``), a line that makes ``{stream}`` the current one; ``read``, a list of the
    elements of ``b``.
    """

    name: str
    readonly_arrays: bool
    """It can show an array as not writable."""
    immutable_arrays: bool
    """None of its arrays is writable."""

    def probe(self) -> str | None:
        """None where the library imports, else why not."""

    def versions(self) -> dict[str, str]:
        """Version of each distribution that takes part, by name."""

    def prepare(self) -> None:
        """Once a process, before the first case."""

    def types(self) -> tuple[type, ...]:
        """Array types of the library, for ``result.own_type``."""

    def makes(self) -> list[Makes]:
        """Sources that this release can make."""

    def make(self, source: Source) -> Any:
        """Make one source; called in every case, so what can be kept per dtype and layout is.

        `NotMadeError` where a protocol case asks for one that ``makes`` does not list: then there
        is nothing to observe.
        """

    def describe(self, x: Any) -> Description:
        """Facts of an array by the library's own API alone."""

    def read(self, x: Any) -> list[Any] | bytes:
        """All elements in C order, as numbers, or as bytes where the library has no number reader.

        Above `LONG_ELEMS` elements: the first and the last alone. A library that can't read an
        array raises its own error.
        """

    def get(self, x: Any, index: tuple[int, ...]) -> Any:
        """One element as ``read`` would give it."""

    def write(self, x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
        """Write by the library's own writer; ``raw`` is ``value`` as bytes."""

    def offers(self) -> Mapping[str, str | None]:
        """What its arrays offer: name -> None, or the proof that this release lacks it.

        Names: attributes (``__dlpack__``, ``__dlpack_c_exchange_api__``, ``__array_interface__``,
        ``__array_struct__``, ``__array__``, and of arrays on CUDA ``__cuda_array_interface__``) and
        ``buffer``. A name left out: no release has it.
        """

    def accepts(self) -> Mapping[str, Entry]:
        """Entry points for the routes that belong to no library, by route name.

        ``from_dlpack`` takes the keywords of a request; ``capsule`` a bare capsule;
        ``exchange-api`` an object whose type offers a C exchange table, where that is another
        function than ``from_dlpack``; ``buffer``,
        ``memoryview``, ``array-interface``, ``array-struct``, ``array-method`` and
        ``cuda-array-interface`` an object that shows only that.
        """

    def script_calls(self) -> Mapping[str, str]:
        """Same entry points as users write them, ``{}`` for the arguments; imports nothing.

        ``device``: how a user names the host's memory, where that is not ``"cpu"``.
        """

    def routes(self) -> list[Route]:
        """Routes that the library owns; the library is imported when one is bound."""

    def usages(self) -> list[Usage]:
        """Topics that are shown as users write them."""

    def script_make(self, source: Source) -> list[str]:
        """Lines of Python that make the source as ``a``, with this library's imports alone."""

    def script_api(self, dtype: str) -> Mapping[str, str]:
        """How a script looks at an array of this library, as text; ``{x}`` is the array.

        ``import``: the import line; ``values``: flat list of the elements in C order; ``address``:
        address of element 0; ``writable``: whether the library lets its user write; ``dtype``,
        ``shape``: as text, as tuple; ``type``: its array type; ``write``: a statement with
        ``{index}`` (a tuple literal) and ``{value}`` (a Python literal). A key is left out where
        the library has no such thing for ``dtype``.
        """


def promise_of(route: Route, consumer: Library) -> Promise:
    """Promise of ``route`` into ``consumer``: the consumer's own where its entry states one."""
    entry = consumer.accepts().get(route.name)
    return route.promise if entry is None or entry.promise is None else entry.promise


def rules_of(route: Route, consumer: Library, producer: Library | None = None) -> tuple[str, ...]:
    """R rules that bind a way: the route's, those for this producer, the consumer's entry's."""
    further = () if producer is None else route.rules_by_producer.get(producer.name, ())
    entry = consumer.accepts().get(route.name)
    return (*route.rules, *further, *(() if entry is None else entry.rules))


def facts_of(library: Library) -> dict[str, Any]:
    """What a library states of itself, as the header of a record has it."""
    declares = getattr(library, "declares", None)
    return {
        "declares": declares() if callable(declares) else declares,
        "promises": dict(getattr(library, "promises", {})),
        "readonly_arrays": library.readonly_arrays,
        "immutable_arrays": library.immutable_arrays,
    }
