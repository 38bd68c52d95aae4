"""The instrument: reference producer, reference consumer and the memory they work in (C++, ``dlpack_impl``).

Strides are in elements, byte offsets in bytes, everywhere. Names of dtypes are the catalogue's.
"""

from collections.abc import Sequence
from typing import Any

Number = bool | int | float | complex

DIGEST: str

# Errors: InvalidArgument (ValueError), TypeMismatch (TypeError), DLPackBufferError (BufferError), DeviceError
# (RuntimeError). Each message names the field, the value and the limit.
class InvalidArgument(ValueError): ...
class TypeMismatch(TypeError): ...
class DLPackBufferError(BufferError): ...
class DeviceError(RuntimeError): ...

def dtypes() -> dict[str, tuple[int, int, int, bool]]:
    """Every dtype of DLPack 1.3: name -> (code, bits, lanes, padded)."""

def encode(dtype: str, value: Number | Sequence[Number]) -> bytes:
    """Bytes of one element (lanes > 1: a sequence). Sub-byte packed dtypes: one byte, value in the low bits."""

def decode(dtype: str, raw: bytes, index: int = 0) -> Any:
    """Element ``index`` of C-contiguous ``raw``; packed sub-byte dtypes are indexed by element."""

class Accelerator:
    """A device whose work runs in streams: simulated, or real CUDA. Arrays and memories on it keep it alive.

    Streams are integers as ``__dlpack__`` spells them: 1 the legacy default stream, 2 this thread's own default
    stream, other handles from ``make_stream``. Times are nanoseconds. Every function raises ``DeviceError`` where the
    runtime does: an unknown stream, too little memory, a failure that was ordered by ``fail``.
    """

    @property
    def name(self) -> str:
        """``simulated-0``, ``cuda-0``: the catalogue's name."""
    @property
    def device(self) -> tuple[int, int]:
        """Type and id as exports state them."""
    @property
    def simulated(self) -> bool: ...
    @property
    def free_bytes(self) -> int: ...
    @property
    def now_ns(self) -> int:
        """Time as the host feels it (simulated: the virtual clock); waiting lets it pass."""
    @property
    def memory(self) -> Any:
        """A capsule ``dlpack_impl.DeviceMemory``: a ``const DeviceMemory*`` for ``_core``; it keeps the device alive."""
    def make_stream(self, blocking: bool = True) -> int: ...
    def end_stream(self, stream: int) -> None: ...
    def has_stream(self, stream: int) -> bool: ...
    def delay(self, stream: int, ns: int) -> None:
        """Queue doing nothing for so long; at most 1 s."""
    def order(self, first: int, second: int) -> None:
        """All queued on ``second`` from now on runs after all queued on ``first`` now; the host does not wait."""
    def synchronize(self, stream: int | None = None) -> None:
        """The host waits for one stream; None: for all of the device."""
    def is_idle(self, stream: int) -> bool: ...
    def fail(self, call: str, after: int = 1) -> None:
        """Simulated only: the ``after``-th next call of that name fails with ``DeviceError`` (``allocate``, ``queue_copy``, ``order``, ...)."""
    current_stream: int
    """Per thread, 1 at first: what the consumer passes, and where the producer works unless told otherwise."""

def simulated(
    devices: int = 1,
    delay_ns: int = 0,
    memory_bytes: int = 2**24,
    type: int = 2,  # noqa: A002
    operation_ns: int = 0,
    late: bool = True,
) -> tuple[Accelerator, ...]:
    """New accelerators without hardware, ids from 0. ``delay_ns``: how late each queued operation begins.

    ``operation_ns``: how long it takes. ``late=False``: nothing is ever late, ``delay`` included.

    ``type`` is what they state: 2 (CUDA, to the reference and to faults only) or 12 (an extension, to anybody else).
    """

def cuda() -> tuple[Accelerator, ...]:
    """All CUDA devices. Raises ``DeviceError("no CUDA device: <reason>")`` where there is none or no support for it."""

def touch_word(address: int | None) -> None:
    """Where a host touch of simulated memory leaves its mark: a 64-bit word, id of the device plus 1; None: nowhere."""

class Template:
    """Image of one allocation: canaries and elements, made once per dtype x layout x kind, stamped many times.

    ``values``: one number an index in C order (distinct indices that share an address get the value of the
    last one). ``offset``: elements from the origin to element 0; the origin is ``alignment`` bytes aligned
    plus ``skew`` bytes. ``kind``: ordinary, guard-before, guard-after, readonly (ordinary memory that its
    buffer export calls read-only), mapped-readonly. ``device``: the accelerator that memories lie on (None: the
    host), ordinary and readonly kinds only; ``pool``: its ``device``, ``pinned`` or ``managed`` memory.
    """

    def __init__(
        self,
        dtype: str,
        shape: Sequence[int],
        strides: Sequence[int],
        offset: int,
        values: Sequence[Any],
        *,
        kind: str = "ordinary",
        alignment: int = 256,
        skew: int = 0,
        device: Accelerator | None = None,
        pool: str = "device",
    ) -> None: ...
    def make(self) -> Memory: ...
    @property
    def raw(self) -> bytes:
        """The asked values as C-contiguous bytes (empty for more than 2**20 elements)."""
    @property
    def span_bytes(self) -> tuple[int, int]:
        """Lowest and one past the highest byte of the elements, relative to element 0."""

class Memory:
    """One live allocation. Exports the buffer protocol: 1-d, format ``B``, from ``address``, ``nbytes`` long.

    On a device there is no buffer export; stamping, counting changes and refilling are complete on return.
    """

    @property
    def device(self) -> tuple[int, int]: ...
    @property
    def address(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def first(self) -> int:
        """Address of element 0."""
    @property
    def first_offset(self) -> int:
        """Bytes from ``address`` to element 0."""
    @property
    def readonly(self) -> bool: ...
    @property
    def exports(self) -> int:
        """Live buffer-protocol exports."""
    def elements_changed(self) -> int:
        """How many element bytes differ from the template."""
    def outside_changed(self) -> int:
        """How many bytes outside the elements (gaps and both ends) differ from the template."""
    def refill(self) -> None:
        """Put every byte back."""

class Call:
    """One logged call on an ``Array``: method (or slot of the exchange table), keywords given, thread, GIL held.

    ``keywords`` are in the caller's order; the name of a positional argument is empty.
    """

    method: str
    keywords: tuple[tuple[str, Any], ...]
    thread: int
    gil: bool

class Ledger:
    """Counts of one array's exports, alive beyond the array without keeping its memory."""

    @property
    def exports(self) -> int: ...
    @property
    def live_exports(self) -> int: ...
    @property
    def deleter_calls(self) -> int: ...
    @property
    def double_deletes(self) -> int:
        """Calls of a deleter that had run before."""
    @property
    def deleter_threads(self) -> tuple[int, ...]: ...

class Array:
    """The reference's array: producer side over a ``Memory``, or consumer side over an imported tensor.

    Producer options (keyword only): ``readonly``; ``device`` (type, id); ``version`` (major, minor) that a
    versioned export states, default (1, 3), (0, 8) means legacy only; ``legacy`` "auto" (by ``max_version``),
    "always", "never"; ``flags`` None (by state) or the bits to state; ``null_strides``; ``null_shape`` (0-d);
    ``null_data`` (empty); ``offset_in`` "data" or "byte_offset"; ``deleter`` "counted" or "null";
    ``honours_copy``, ``honours_device``: False leaves the keyword unheeded; ``keywords``: the names that
    ``__dlpack__`` accepts (an older producer accepts fewer); ``raises``: an exception instance to raise;
    ``legacy_readonly`` "refuse" (BufferError) or "export" (unmarked); ``break_rules``: state what is asked, unchecked;
    ``states``: fields of the struct whatever the memory holds, unchecked: ``ndim``, ``shape``, ``strides``, ``dtype``
    (code, bits, lanes), ``device`` (of the struct alone), ``data_offset`` (bytes from element 0), ``byte_offset``,
    ``context`` None for NULL, ``tail`` "poisoned" or "unreadable" (what follows the deleter).
    With ``deleter="null"`` the memory stays until the process ends. Element 0 is the memory's ``first``.

    On a device (over a memory there, or imported from one) nothing reads elements behind the host's back: ``read``,
    ``raw`` and ``get`` copy on a stream and wait for that stream alone; ``write`` is queued, ``set`` is done on return.
    The array's work stream is that of its last ``write``, of an imported array at first the stream that the consumer
    passed, else ``accelerator.current_stream``. ``__dlpack__`` orders it before the consumer's stream by an event and
    never lets the host wait: ``stream`` None and 1 legacy default, 2 per-thread default, above 2 a live handle, -1 no
    ordering; 0 and anything else is InvalidArgument. ``dl_device=(1, 0)``: a host copy, complete on return, with
    ``stream`` None only; ``copy=True``: a copy on the device, queued on the consumer's stream.
    """

    def __init__(
        self,
        memory: Memory,
        dtype: str,
        shape: Sequence[int],
        strides: Sequence[int],
        **options: Any,
    ) -> None: ...
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str
    device: tuple[int, int]
    address: int
    readonly: bool
    version: tuple[int, int] | None
    flags: int | None
    copied: bool
    accelerator: Accelerator | None
    """The device it lies on; None on the host."""
    work_stream: int | None
    """On a device: the stream that exports are ordered after."""
    def read(self, stream: int | None = None) -> list[Any]:
        """All elements in C order (more than 2**20: the first and the last).

        On a device: as ``stream`` sees them, None for the current one; the host waits for that stream only.
        """
    def raw(self, stream: int | None = None) -> bytes:
        """The same as C-contiguous bytes."""
    def write(self, values: Sequence[Any], stream: int | None = None) -> None:
        """On a device: queue the writing of all elements, in C order; None for the current stream."""
    def get(self, index: tuple[int, ...]) -> Any: ...
    def set(self, index: tuple[int, ...], value: Any) -> None: ...
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    __dlpack_c_exchange_api__: Any
    __array_interface__: dict[str, Any]
    __cuda_array_interface__: dict[str, Any]
    """Version 3, with ``stream``; only of arrays on a CUDA-typed device."""
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def calls(self) -> list[Call]:
        """The newest 256 calls, oldest first."""
    def clear_calls(self) -> None: ...
    @property
    def exports(self) -> int:
        """Exports made so far by this array."""
    @property
    def live_exports(self) -> int: ...
    @property
    def deleter_calls(self) -> int: ...
    @property
    def deleter_threads(self) -> tuple[int, ...]: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def __array_struct__(self) -> Any: ...

def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Array:
    """The reference consumer. ``device``: None, "cpu" or (type, id).

    While an accelerator is alive it asks ``__dlpack_device__`` first (of reference arrays on the host: not), and passes
    ``stream=<its current stream>`` where that says CUDA and the result stays there. A tensor on an accelerator of ours
    becomes an ``Array`` on it; on any other device the host can't read: DLPackBufferError.
    """

def from_cuda_array_interface(x: Any, /) -> Array:
    """Import by ``__cuda_array_interface__``; work is ordered after its ``stream`` on the current stream."""

def from_capsule(capsule: Any) -> Array:
    """Consume a bare capsule, legacy or versioned."""

class Reading:
    """A capsule read without changing it. Keep the capsule alive meanwhile."""

    name: str
    version: tuple[int, int] | None
    flags: int | None
    device: tuple[int, int]
    dtype: tuple[int, int, int]
    dtype_name: str
    shape: tuple[int, ...] | None
    strides: tuple[int, ...] | None
    ndim: int
    data: int
    byte_offset: int
    has_deleter: bool
    has_context: bool
    def values(self) -> list[Any]: ...
    def raw(self) -> bytes: ...

def inspect(capsule: Any) -> Reading: ...
def exchange_borrow(x: Any) -> dict[str, Any]:
    """Fields that the non-owning export of the object's type fills in."""

def exchange_allocate(
    type_: type, dtype: str, shape: Sequence[int], device: tuple[int, int] = (1, 0)
) -> Any:
    """A new tensor by the allocator of a type's table, as a versioned capsule."""

def exchange_stream(type_: type, device: tuple[int, int] = (1, 0)) -> int | None:
    """The stream on which the type's library would work now; None for NULL."""

def exchange_table(type_or_capsule: Any) -> dict[str, Any] | None:
    """Version, chain and which of the five slots are set; None where the type offers no table."""

def exchange_export(x: Any) -> Any:
    """Export ``x`` through its own type's exchange table; the managed tensor comes as a versioned capsule."""

def exchange_import(capsule: Any, type_: type) -> Any:
    """Import a versioned capsule through the exchange table of ``type_``; the capsule is consumed."""

def make_exchange_table(
    *, version: tuple[int, int] = (1, 3), prev: Any = None, missing: Sequence[str] = ()
) -> Any:
    """A new exchange table for classes of arrays, as a capsule; it lives as long as the process.

    Functions of major version 1 are the reference's own; those of another one count (`stray_table_calls`)
    and fail. ``prev``: a capsule that ``prev_api`` leads to. ``missing``: slots that are NULL.
    """

def stray_table_calls() -> int:
    """Calls so far of functions of tables of another major version."""

def from_exchange_api(x: Any) -> Array:
    """Import by the exchange table of the object's type; by ``__dlpack__`` where there is no usable one."""

class MethodsOnly:
    """Shows only ``__dlpack__`` and ``__dlpack_device__`` of the object it holds, and passes keywords on as given."""

    def __init__(self, x: Any, /) -> None: ...

class BufferOnly:
    """Shows only the buffer protocol of the object it holds."""

    def __init__(self, x: Any, /) -> None: ...

class InterfaceOnly:
    """Shows only ``__array_interface__`` of the object it holds."""

    def __init__(self, x: Any, /) -> None: ...

class StructOnly:
    """Shows only ``__array_struct__`` of the object it holds."""

    def __init__(self, x: Any, /) -> None: ...

class ArrayMethodOnly:
    """Shows only ``__array__`` of the object it holds, and passes arguments on as given."""

    def __init__(self, x: Any, /) -> None: ...

class ClassBuffer:
    """Base of classes with ``__buffer__(flags)`` and ``__release_buffer__(view)``: the first gives a
    ``memoryview``, the second gets that object back. Python itself calls them from 3.12 on. R-38."""

class LoggedBuffer:
    """The buffer of the object it holds, every request counted; subclasses may show more."""

    def __init__(self, x: Any, /, *further: Any, **keywords: Any) -> None: ...
    asked: tuple[str, ...]
    """Kinds of all requests, in order; of one that has no name, its number."""
    granted: int
    released: int

def request_buffer(x: Any, kind: str) -> dict[str, Any]:
    """Members of the buffer that ``x`` gives for one request, released before the return.

    ``kind``: simple, writable, nd, strides, c-contiguous, f-contiguous, any-contiguous, contig, strided,
    records, records-ro, full or full-ro. Keys: address, nbytes, item_bytes, readonly, ndim, format, shape and
    strides (bytes; None for NULL), nulls (names of the members that are NULL).
    """

def read_array_struct(capsule: Any) -> dict[str, Any]:
    """Members of the struct in the capsule of an ``__array_struct__``; only ``two`` where that is not 2.

    Keys: two, ndim, kind, item_bytes, flags, shape, strides (bytes), address, has_context.
    """

def call_deleter(capsule: Any, *, thread: str = "t1", gil: bool = False) -> None:
    """Take the capsule over and run its deleter, on this thread (``main``) or a foreign one (``t1``)."""

class Taken:
    """A tensor whose capsule was consumed by hand: its deleter runs when it is told to, else never."""

    def __init__(self, capsule: Any) -> None: ...
    def delete(self) -> None:
        """Run the deleter on this thread, with the GIL held."""
    def delete_pending(self) -> tuple[bool, str | None]:
        """Run it while an exception is pending: was that one kept, and the class pending afterwards."""
    def delete_elsewhere(self, meanwhile: Any = None) -> None:
        """Run it on a foreign thread without the GIL, while this one, with the GIL, calls ``meanwhile``."""
    def delete_locked_out(self, source: Any) -> int:
        """Run it on a foreign thread while this one keeps the GIL: change of the references to ``source``.

        It is 0 where the deleter waits for the GIL, or needs none (P-11).
        """
    def end_process(self) -> None:
        """Finalise Python, then run it as the first of C's exit handlers; the process ends with status 0."""

def drop_pending(holder: list[Any]) -> tuple[bool, str | None]:
    """Drop the one capsule of ``holder``, and the only reference to it, while an exception is pending.

    Was that one kept, and the class pending afterwards.
    """

def capsule_name(capsule: Any) -> str | None:
    """Name of any capsule, None for NULL."""

def rename_capsule(capsule: Any, name: str | None) -> None:
    """Give a capsule another name; None is the name NULL."""

def totals() -> dict[str, int]:
    """Counts of this process: exports, live_exports, deleter_calls, double_deletes, live_memories."""
