"""Exchange tables: those that consumers meet, and the calls of a foreign one."""

from __future__ import annotations

from typing import Any

import pytest
from dlpack_conformance import modules

core, instrument = modules()
ATTRIBUTE = "__dlpack_c_exchange_api__"


def make(table: Any = None, **options: Any) -> Any:
    """A float32 matrix of the reference, of a class with this table."""
    kind = instrument.Array
    if table is not None:
        kind = type("Offering", (kind,), {ATTRIBUTE: table})
    memory = instrument.Template("float32", (2, 3), (3, 1), 0, list(range(6))).make()
    return kind(memory, "float32", (2, 3), (3, 1), **options)


def own_table() -> Any:
    """The reference's table, to be called."""
    return core.ExchangeTable(instrument.Array.__dlpack_c_exchange_api__)


def call(function: str, *args: Any, **keywords: Any) -> tuple[Any, dict[str, Any]]:
    """Call a function of the reference's table: what it gave, and the facts."""
    facts = core.Facts()
    result = getattr(own_table(), function)(facts, *args, **keywords)
    return result, facts.to_dict()


def methods(x: Any) -> list[str]:
    """What the array was asked."""
    return [each.method for each in x.calls]


def test_consumer_takes_by_the_table_of_the_type() -> None:
    """A table of major version 1 is used, and the memory is shared."""
    x = make(instrument.make_exchange_table(version=(1, 2)))

    result = instrument.from_exchange_api(x)

    assert result.read() == x.read()
    assert result.address == x.address
    assert methods(x) == ["managed_tensor_from_py_object_no_sync"]


def test_consumer_finds_an_older_table_behind_a_newer_one() -> None:
    """No function of the newer one is called."""
    older = instrument.make_exchange_table()
    x = make(instrument.make_exchange_table(version=(2, 0), prev=older))
    before = instrument.stray_table_calls()

    assert instrument.from_exchange_api(x).read() == x.read()

    assert methods(x) == ["managed_tensor_from_py_object_no_sync"]
    assert instrument.stray_table_calls() == before


@pytest.mark.parametrize(
    "options", [{"version": (2, 0)}, {"missing": ["current_work_stream"]}], ids=["major", "missing"]
)
def test_consumer_falls_back_to_the_method(options: dict[str, Any]) -> None:
    """A table that cannot be used is none."""
    x = make(instrument.make_exchange_table(**options))

    assert instrument.from_exchange_api(x).read() == x.read()
    assert methods(x) == ["__dlpack__"]


def test_consumer_takes_an_object_without_a_table() -> None:
    """Two methods are enough."""
    x = make()

    assert instrument.from_exchange_api(instrument.MethodsOnly(x)).read() == x.read()
    with pytest.raises(AttributeError):
        instrument.from_exchange_api(3)


def test_function_of_another_major_version_counts_and_fails() -> None:
    """Whoever calls one is seen, and gets an exception."""
    table = instrument.make_exchange_table(version=(2, 0))
    before = instrument.stray_table_calls()

    with pytest.raises(ValueError, match=r"major version.*1"):
        core.ExchangeTable(table).export(core.Facts(), make())

    assert instrument.stray_table_calls() == before


def test_table_names_what_it_cannot_make() -> None:
    """Errors name the field, the value and the limit."""
    with pytest.raises(ValueError, match="missing: nothing; limit: a function"):
        instrument.make_exchange_table(missing=["nothing"])
    with pytest.raises(ValueError, match="prev: int; limit: a capsule"):
        instrument.make_exchange_table(prev=3)
    with pytest.raises(core.CatalogueError, match="dlpack_exchange_api"):
        core.ExchangeTable(3)


def test_export_and_import_are_recorded() -> None:
    """The facts say what the function returned; the deleter runs once, at the end."""
    x = make()
    capsule, facts = call("export", x)
    assert (facts["table.status"], facts["table.gave"], facts["table.raised"]) == (0, True, False)

    result, facts = call("take", capsule)
    assert facts["table.status"] == 0
    assert result.read() == x.read()
    assert instrument.capsule_name(capsule) == "used_dltensor_versioned"
    assert x.deleter_calls == 0
    del result
    assert x.deleter_calls == 1


def test_dropped_export_is_deleted() -> None:
    """A capsule that nobody consumes frees the tensor."""
    x = make()
    capsule, _ = call("export", x)

    del capsule

    assert x.deleter_calls == 1


def test_exception_of_a_function_reaches_the_caller_with_the_facts() -> None:
    """What the function left pending is raised, after status and exception were recorded."""
    facts = core.Facts()
    with pytest.raises(TypeError):
        own_table().export(facts, 3)

    seen = facts.to_dict()
    assert (seen["table.status"], seen["table.raised"]) == (-1, True)


def test_borrowed_tensor_is_the_owned_one() -> None:
    """It is read before control returns to its library."""
    x = make()
    owned, _ = call("export", x)

    filled, facts = call("borrow", x, owned)

    assert filled
    assert facts["table.same_fields"]
    assert facts["export.shape"] == (2, 3)


@pytest.mark.parametrize("thread", ["main", "t1", "t1-gil-held"])
def test_allocator_works_on_every_thread(thread: str) -> None:
    """The tensor is what was asked for and can be written."""
    capsule, facts = call("allocate", (2, 32, 1), (3, 4), poisoned=True, thread=thread)

    assert capsule is not None
    assert facts["table.matches"]
    assert facts["table.writable"]
    assert facts.get("table.without_gil", True)
    with pytest.raises(core.CatalogueError, match="t1-gil-held"):
        call("allocate", (2, 32, 1), (3, 4), thread="t2")


def test_stream_of_the_cpu_is_null() -> None:
    """And of another device there is none."""
    _, facts = call("stream")
    assert facts["table.stream_null"]
    with pytest.raises(RuntimeError):
        call("stream", (99, 0))
