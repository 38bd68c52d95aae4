"""Catalogue, case ids, plan, judge, record line, journal and C++ observations (``conformance/``)."""

from collections.abc import Iterable, Sequence
from typing import Any

DIGEST: str

class CatalogueError(ValueError): ...

# Catalogue: every table as a list of dicts, keys are the row's field names.
def rules() -> list[dict[str, Any]]:
    """Rows: id, level, duty, binds, judged_in, since, until, source (one text), sources (list of document, title,
    where, place), text, ambiguity, readings (list of id, text), reason, untestable, added (release of the suite)."""

def ambiguities() -> list[dict[str, Any]]:
    """Rows: id, question, texts, readings (list of id, text), choices (list of library, readings,
    what was measured)."""

def documents() -> list[dict[str, Any]]:
    """Rows: key, title, where."""

def facts() -> list[dict[str, str]]:
    """Rows: spelled (``group.name``), group, name, type, unit, collector, text."""

def dtypes() -> list[dict[str, Any]]:
    """Rows: name, text, dlpack, code, bits, lanes, padded, item_bits, item_bytes, packed, family (bool, int, uint,
    float, complex, other), base (dtype of one lane in native order), standard (array API), swapped."""

def layouts() -> list[dict[str, Any]]:
    """Rows: name, text, shape, strides (elements), offset (elements from origin to element 0), elements, tags."""

def sources() -> list[dict[str, Any]]:
    """Rows: name, text, memory (ours), kind (of the instrument's memory; empty where the library allocates),
    alignment and skew_bytes (bytes), skew_elems (elements), and flags: may_write, readonly, lazy, strided,
    has_memory, autograd, misaligned, byte_strides, masked, subclass."""

def crafted_tensors() -> list[dict[str, Any]]:
    """Rows: name, text, malformed (breaks the header's rules), layout, options (of `_instrument.Array`), versioned_only."""

def devices() -> list[dict[str, Any]]:
    """Rows: name, text, type, id, host_readable."""

def requests() -> list[dict[str, Any]]:
    """Tokens of requests. Rows: name, key, value, python, text."""

def profiles() -> list[dict[str, Any]]:
    """Rows: name, text, products (list of sources, dtypes, layouts, requests, devices, text)."""

def reasons() -> list[dict[str, Any]]:
    """Rows: code, text."""

def claims() -> list[dict[str, Any]]:
    """Rows: id, text, note, cases (list of pattern, text)."""

def schema() -> str:
    """JSON Schema of a record's lines."""

def catalogue_digest() -> str:
    """Sixteen hexadecimal digits over all tables."""

def values(dtype: str, layout: str) -> list[Any]:
    """The numbers that the elements hold, in C order; a tuple each where the dtype has lanes.

    Above 2**20 elements axes of stride zero count once: one number per element that can differ.
    """

def other_value(dtype: str, value: Any) -> Any:
    """A value of the dtype that differs from ``value`` (what the write proof writes)."""

def match(query: str, case_id: str) -> bool:
    """Pattern (``*`` one part, ``**`` many, ``a|b`` one of them) or ``key=value`` terms joined by commas or spaces.

    Keys: ``case`` and the names of axes; ``library`` also stands for either side of an exchange. All terms must hold.
    """

class Query:
    """The same, parsed once."""

    def __init__(self, query: str) -> None: ...
    def matches(self, case_id: str) -> bool: ...

def assign(groups: Sequence[Sequence[str]], case_ids: list[str]) -> tuple[list[int], list[int]]:
    """Of groups of queries: by case the last group with a query that matches it (-1: none), and by group how many
    cases it matches.
    """

def case_axes(case_id: str) -> dict[str, str]:
    """``case`` (exchange, protocol, usage) plus the axes by name."""

def parse_request(request: str) -> dict[str, Any]:
    """The keywords passed: ``copy`` and ``force`` (None, False, True), ``device`` (None or ``"own"``), ``dtype`` (name)."""

def relate(
    a: tuple[int, Sequence[int], Sequence[int], int],
    b: tuple[int, Sequence[int], Sequence[int], int],
) -> str:
    """``same``, ``overlap`` or ``apart``, of (address, shape, strides in bytes, item size in bytes)."""

def relation(a: tuple[Any, ...], b: tuple[Any, ...], item_bits: dict[str, int]) -> str | None:
    """The same of two descriptions; None where one of them says too little. ``item_bits``: bits of an element by dtype."""

def same_elements(capsule: object, other: object, origin: int, span: tuple[int, int]) -> bool:
    """Two unused capsules name the same elements; strides that move nothing do not count.

    Places are compared where both lie within ``span`` bytes of ``origin``: a copy has its own.
    """

def address_text(address: int, origin: int, span: tuple[int, int], empty: bool = False) -> str:
    """``null``, bytes from ``origin``, or ``elsewhere`` where outside ``span`` (bytes around ``origin``)."""

def abi() -> dict[str, dict[str, Any]]:
    """Facts of the dlpack.h in use by name: each struct, ``DLDeviceType``, ``DLDataTypeCode``, ``flags``.

    ``other-header``: the versioned struct in both headers, where another one was found when this was built.
    """

def long_double_digits() -> int:
    """Binary digits of the platform's long double: 53 and 113 are IEEE formats."""

class ExchangeTable:
    """A table in a capsule ``dlpack_exchange_api``; each function is called raw, facts ``table`` of the call.

    All raise the Python exception that the function left pending. Tables of another major version can only be
    described.
    """

    def __init__(self, capsule: Any) -> None: ...
    @property
    def address(self) -> int: ...
    def describe(self, facts: Facts) -> None:
        """Version, chain and slots that are NULL."""
    def export(self, facts: Facts, x: Any) -> Any:
        """The owning export as a versioned capsule; None where there is none."""
    def borrow(
        self,
        facts: Facts,
        x: Any,
        owned: Any = None,
        origin: int = 0,
        span: tuple[int, int] = (0, 0),
        raw: bytes = b"",
    ) -> bool:
        """The non-owning export, twice; read as facts ``export``, compared with the capsule ``owned``.

        False where the table has no such function, or it failed.
        """
    def take(self, facts: Facts, capsule: Any) -> Any:
        """Import a versioned capsule, which is consumed; None where there is no object."""
    def stream(self, facts: Facts, device: tuple[int, int] = (1, 0)) -> None:
        """Ask for the stream of a device."""
    def allocate(
        self,
        facts: Facts,
        dtype: tuple[int, int, int],
        shape: Sequence[int],
        *,
        device: tuple[int, int] = (1, 0),
        poisoned: bool = False,
        thread: str = "main",
    ) -> Any:
        """Allocate and look at the tensor; a versioned capsule, None where there is none.

        ``poisoned``: the fields of the prototype that are not to be read are unusable. ``thread``: ``main``,
        ``t1`` (foreign, without the GIL) or ``t1-gil-held`` (this thread holds it meanwhile, for 1 s at most).
        """

class Plan:
    """Ordered cases. ``spec`` is the census (see ``engine/census.py``) plus ``profile`` and ``filters``.

    A case must match one of the filters, if there are any.
    """

    def __init__(self, spec: dict[str, Any]) -> None: ...
    def __len__(self) -> int: ...
    def id(self, index: int) -> str: ...
    def find(self, case_id: str) -> int:
        """Index of the id, or -1."""
    def axes(self, index: int) -> dict[str, str]:
        """``case`` plus the axes by name."""
    def absent(self, index: int) -> str:
        """Proof that this release has no such route or keyword; empty where it has."""
    def absent_device(self, index: int) -> str:
        """Why the device of the case's source is not to be had; empty where it is. Such a case is not run."""
    @property
    def pairs(self) -> list[tuple[str, str, int, int]]:
        """(producer, consumer, begin, end): the plan is sorted so that a pair's cases are one range.

        Usage and protocol cases come as (library, "", begin, end).
        """
    @property
    def excluded(self) -> dict[str, int]: ...
    @property
    def alike(self) -> list[str]:
        """Where two layouts of one shape can't be told apart by values: count and dtype leave no choice."""

class Facts:
    """What was seen in one case. Setting an unknown name or a wrong type raises ``CatalogueError``."""

    def clear(self) -> None: ...
    def set(self, name: str, value: Any) -> None: ...
    def update(self, facts: dict[str, Any]) -> None: ...
    def get(self, name: str) -> Any: ...
    def to_dict(self) -> dict[str, Any]: ...
    def read_export(
        self,
        group: str,
        capsule: Any,
        origin: int,
        span: tuple[int, int],
        raw: bytes,
        device_memory: Any = None,
    ) -> None:
        """Read ``capsule`` with the reference consumer into ``export.*`` or ``result_read.*``, unchanged.

        ``origin``: address of the source's element 0; ``span``: the source's allocation around it in
        bytes, outside which an address is "elsewhere"; ``raw``: the asked values as C-contiguous bytes,
        above 2**20 elements one element for each that can differ; ``device_memory``: `Accelerator.memory`, by
        which elements are read that the host can't. An object that is no capsule gives
        the fact ``<group>.capsule`` = ``"no capsule"`` and no more.
        """

class Judge:
    """Judges and writes records for the cases of one plan."""

    def __init__(self, plan: Plan) -> None: ...
    def judge(self, index: int, facts: Facts) -> dict[str, Any]:
        """outcome, modifiers, verdict, blame, judged, proof."""
    def record(self, index: int, facts: Facts, time_ns: int) -> bytes:
        """One line without the newline's end mark, complete with ``\\n``."""
    def not_run(self, index: int, reason: str) -> bytes: ...
    def expand(self, index: int, facts: dict[str, Any]) -> dict[str, Any]:
        """Facts of a parsed record with the left-out ones put back; null means not collected."""

class MutationTest:
    """Mutants of the catalogue's rules: each way in which one of them could say something else."""

    def __init__(self) -> None: ...
    def show(self, plan: Plan, cases: Iterable[tuple[int, dict[str, Any]]]) -> int:
        """Try all mutants that live on cases, given by index and facts as a record has them; how many were killed.

        A mutant is killed when the case's judgement is another than the catalogue's.
        """
    def rows(self) -> list[dict[str, Any]]:
        """Rows: rule, change, killed_by (id of the first case, or None)."""

class ClaimTally:
    """Counts what the cases of one plan say about the claims."""

    def __init__(self, plan: Plan) -> None: ...
    def add(self, index: int, facts: Facts | dict[str, Any]) -> bool:
        """Count one case by its (expanded) facts; False where no claim names it."""
    def results(self) -> list[dict[str, Any]]:
        """One a claim: id, text, note, shown (true, false, mixed, not-shown) and cases (pattern, text, yes, no, open,
        first_yes, first_no)."""

class Journal:
    """Shared memory between runner and supervisor: case index, step, beat. ``fd``: a memfd that is inherited."""

    STEPS: tuple[str, ...]
    def __init__(self, fd: int | None = None) -> None: ...
    @property
    def fd(self) -> int: ...
    def step(self, index: int, step: int) -> None:
        """Written before each step; costs some nanoseconds."""
    def read(self) -> tuple[int, int, int]:
        """Case index (-1: none), step, beat."""
    @property
    def touched(self) -> bool:
        """A handler marked the touch word since the last ``clear``."""
    @property
    def touch_word(self) -> int:
        """Address of a word of 64 bits for `_instrument.touch_word`; it lives as long as this object."""
    def clear(self) -> None: ...

def header_line(header: dict[str, Any]) -> bytes: ...
def footer_line(counts: dict[str, Any], digest: str) -> bytes: ...
