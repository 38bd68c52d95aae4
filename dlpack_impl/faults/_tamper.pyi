"""Spoils tensors, capsules and exchange tables, one thing at a time (C++, ``tamper/``).

Each function that takes a capsule changes it and returns it, so that calls nest.
"""

from collections.abc import Sequence
from typing import Any

def edit(capsule: Any, **fields: Any) -> Any:
    """Change fields of the struct.

    ``version``, ``device``: pairs; ``dtype``: code, bits, lanes; ``shape``, ``strides``: numbers, None for NULL;
    ``data``: address or None; ``flags``, ``ndim``, ``byte_offset``: a number. TypeError: no such field.
    """

def look(capsule: Any) -> dict[str, Any]:
    """Fields of the struct, by the names of `edit`; ``version`` and ``flags`` only where it is versioned."""

def rename(capsule: Any, name: str | None) -> Any:
    """Give the capsule another name, None for none."""

def null_deleter(capsule: Any) -> Any:
    """Set the deleter to NULL."""

def on_delete(
    capsule: Any,
    *,
    calls: int = 1,
    needs_gil: bool = False,
    clears_error: bool = False,
    sets_error: bool = False,
    other_thread: bool = False,
) -> Any:
    """Spoil the deleter: the real one is called ``calls`` times; ``needs_gil`` ends the process without the GIL."""

def on_destroy(capsule: Any, how: str) -> Any:
    """Spoil the capsule's destructor: ``nothing``, ``deletes-always`` or ``clears-error``."""

def leak_reference(x: Any, /) -> None:
    """Count one reference too many, for ever."""

def export_by_table(x: Any, *, checks_major: bool = True, holds_gil: bool = True) -> Any:
    """Export ``x`` by its type's table as a careless consumer does; the tensor comes as a capsule."""

def table(
    owner: type,
    /,
    *,
    name: str = "dlpack_exchange_api",
    version: tuple[int, int] = (1, 3),
    null: Sequence[str] = (),
    exports: str = "",
    imports: str = "",
    borrow: str = "",
    allocate: str = "",
    stream: str = "",
    chain: Sequence[tuple[int, int]] = (),
) -> Any:
    """Return a capsule with a changed copy of the exchange table of ``owner``.

    ``null``: slots (allocate, export, import, borrow, stream) that are NULL; ``exports`` and the like: a wrong
    function of that slot by name; ``chain``: versions of the older tables that it leads to.
    """
