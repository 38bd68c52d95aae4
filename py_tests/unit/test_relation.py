"""``relation(a, b)``: two live arrays of any two libraries, and the arithmetic behind it."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dlpack_conformance import Relation, modules, relation
from dlpack_conformance.engine.overlap import Elements, TooManyWaysError, meeting
from dlpack_conformance.errors import RelationError

SHARED, APART = ("shared", "same"), ("apart", "apart")
PARTLY = ("shared", "overlap")


@pytest.fixture
def x() -> np.ndarray:
    """Return a matrix of float32."""
    return np.arange(12, dtype="f4").reshape(3, 4)


def of_reference(x: Any) -> Any:
    """Return the reference's array over the memory of ``x``."""
    return modules().instrument.from_dlpack(x)


VIEWS = {
    "torch over numpy": (lambda x: (x, torch.from_numpy(x)), SHARED),
    "numpy over torch": (lambda x: (torch.from_numpy(x).numpy(), torch.from_numpy(x)), SHARED),
    "reference over numpy": (lambda x: (x, of_reference(x)), SHARED),
    "two of one library": (lambda x: (x, x[:]), SHARED),
    "another shape": (lambda x: (x, torch.from_numpy(x).reshape(-1)), PARTLY),
    "a row of it": (lambda x: (x, torch.from_numpy(x)[1]), PARTLY),
    "turned round": (lambda x: (x, x[::-1]), PARTLY),
    "bytes of it": (lambda x: (x.view("u1"), torch.from_numpy(x)), PARTLY),
    "alternate columns": (lambda x: (x[:, ::2], torch.from_numpy(x)[:, 1::2]), APART),
    "other rows": (lambda x: (x[:1], torch.from_numpy(x)[1:]), APART),
    "a copy": (lambda x: (x, torch.tensor(x)), APART),
}


@pytest.mark.parametrize("prove", [False, True])
@pytest.mark.parametrize("name", VIEWS)
def test_relation_of_views_is_what_their_elements_say(
    x: np.ndarray, name: str, *, prove: bool
) -> None:
    """By addresses alone or with writes, in either order; nothing is left changed."""
    a, b = VIEWS[name][0](x)
    before = x.tobytes()

    found = [relation(a, b, prove=prove), relation(b, a, prove=prove)]

    assert x.tobytes() == before
    for one in found:
        assert (one.outcome, one.overlap) == VIEWS[name][1]
        assert one.proof == ("address+write" if prove else "address")
        assert one.writable == (True, True)


def test_relation_of_an_object_with_itself_is_identity(x: np.ndarray) -> None:
    """No write can say more."""
    assert relation(x, x, prove=True) == Relation(
        "shared", "identity", "same", (True, True), "a and b are one object"
    )


def test_relation_without_prove_writes_nothing(
    x: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer of the library is not called."""
    from dlpack_conformance.libraries import numpy as file

    monkeypatch.setattr(file, "write", lambda *_: pytest.fail("written"))

    assert relation(x, x[:]).proof == "address"


def test_relation_puts_back_the_bytes_of_a_nan(x: np.ndarray) -> None:
    """A number from a reader has lost what a NaN carries; the bytes have not."""
    x.view("u4")[-1, -1] = 0x7FA12345
    before = x.tobytes()

    found = relation(x, torch.from_numpy(x), prove=True)

    assert found.proof == "address+write"
    assert x.tobytes() == before


@pytest.mark.parametrize(
    "value", [2**64 - 1, 0], ids=["largest", "least"]
)  # the largest has no other value by the usual arithmetic
def test_relation_proves_with_any_integer(value: int) -> None:
    """Where one way of choosing another value fails, the next one serves."""
    x = np.full(4, value, "u8")

    assert relation(x, x[1:], prove=True).proof == "address+write"
    assert x.tolist() == [value] * 4


def test_relation_of_a_read_only_side_writes_the_other(x: np.ndarray) -> None:
    """What its library does not let its user write is not written."""
    readonly = x.view()
    readonly.flags.writeable = False

    found = relation(readonly, torch.from_numpy(x), prove=True)
    neither = relation(readonly, readonly[:], prove=True)

    assert (found.proof, found.writable) == ("address+write", (False, True))
    assert "a was not written" in found.reason
    assert (neither.proof, neither.writable) == ("address", (False, False))


def test_relation_writes_no_page_that_is_mapped_read_only(tmp_path: Path) -> None:
    """A library that calls it writable would end the process: the pages are asked first."""
    file = tmp_path / "x"
    file.write_bytes(bytes(64))
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import numpy as np, torch; from dlpack_conformance import relation\n"
        f"m = np.memmap({str(file)!r}, 'f4', 'r')\n"
        "print(relation(m, torch.from_numpy(m), prove=True))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "proof='address'" in done.stdout
    assert "mapped read-only" in done.stdout


def test_relation_of_one_file_mapped_twice_follows_the_write(tmp_path: Path) -> None:
    """Addresses say apart, a write is read: shared, and the reason says that they disagree."""
    file = tmp_path / "x"
    file.write_bytes(bytes(64))
    one, two = (np.memmap(file, "f4", "r+") for _ in range(2))

    assert relation(one, two).outcome == "apart"
    found = relation(one, two, prove=True)

    assert (found.outcome, found.proof, found.overlap) == ("shared", "write", "apart")
    assert "the proofs disagree" in found.reason


def test_relation_follows_the_write_where_addresses_lie(
    x: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two arrays that state one address and don't see each other's writes are apart."""
    from dlpack_conformance.libraries import torch as file

    t = torch.tensor(x)
    truth = file.describe
    monkeypatch.setattr(file, "describe", lambda y: truth(y)._replace(address=x.ctypes.data))
    monkeypatch.setattr(file, "write", lambda y, at, value, raw: y.__setitem__(at, value))

    found = relation(x, t, prove=True)

    assert (found.outcome, found.proof, found.overlap) == ("apart", "write", "same")
    assert "the proofs disagree" in found.reason


def test_relation_of_empty_arrays_is_empty(x: np.ndarray) -> None:
    """There are no bytes to share."""
    assert relation(x[:0], x, prove=True).outcome == "empty"
    assert relation(x, torch.zeros(0)).reason == "b has no elements"


@pytest.mark.parametrize(("make", "cause"), [
    (lambda: torch.zeros(2, device="meta"), "no memory"),
    (lambda: torch.eye(2).to_sparse(), "no memory"),
])  # fmt: skip
def test_relation_of_what_has_no_memory_is_unknown(x: np.ndarray, make: Any, cause: str) -> None:
    """It is said why, and nothing is guessed."""
    found = relation(x, make(), prove=True)

    assert (found.outcome, found.proof, found.overlap) == ("unknown", "", None)
    assert cause in found.reason


def test_relation_of_records_and_texts_of_any_size(x: np.ndarray) -> None:
    """Elements that the catalogue does not have still have a size."""
    records = np.zeros(5, [("x", "i8"), ("y", "f4"), ("z", "u1")])

    assert relation(records, records["y"], prove=True).overlap == "overlap"
    assert relation(records["x"], records["y"], prove=True).outcome == "apart"
    assert relation(np.array(["a", "bcd"]), np.array(["a"])).outcome == "apart"


def test_relation_of_elements_smaller_than_a_byte() -> None:
    """The bytes that they touch are compared; a write to a byte shows among them."""
    instrument = modules().instrument
    memory = instrument.Template("float4_e2m1fn", (4,), (1,), 0, [0.5, 1.0, 1.5, 2.0]).make()
    packed = instrument.Array(memory, "float4_e2m1fn", (4,), (1,))
    whole = instrument.Array(memory, "uint8", (2,), (1,))

    found = relation(whole, packed, prove=True)

    assert (found.outcome, found.proof) == ("shared", "address+write")
    assert "smaller than a byte" in found.reason
    assert packed.read() == [0.5, 1.0, 1.5, 2.0]


def test_relation_of_large_arrays_takes_no_time_by_size() -> None:
    """Ten million elements, interleaved or crossing, are one step of arithmetic."""
    big = np.zeros(10_000_000, "f4")

    assert relation(big[::2], big[1::2]).outcome == "apart"
    assert relation(big, torch.from_numpy(big)[3::7], prove=True).overlap == "overlap"


@pytest.mark.parametrize(("other", "outcome", "cause"), [
    ({"device": "cuda-0"}, "unknown", "different devices: cpu, cuda-0"),
    ({"device": "cuda-host"}, "shared", "each index"),
    ({"device": "cuda-0", "address": 4096}, "apart", "different devices: cpu, cuda-0"),
    ({"dtype": "novel"}, "shared", "each index"),
    ({"strides": None}, "unknown", "no strides"),
])  # fmt: skip
def test_relation_across_devices(
    x: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    other: dict[str, Any],
    outcome: str,
    cause: str,
) -> None:
    """One number on two devices is one byte only where the host reads both."""
    from dlpack_conformance.libraries import torch as file

    t = torch.from_numpy(x)
    said = file.describe(t)._replace(**other)
    monkeypatch.setattr(file, "describe", lambda _: said)

    found = relation(x, t)

    assert found.outcome == outcome
    assert cause in found.reason


@pytest.mark.parametrize("field", ["a", "b"])
def test_relation_refuses_what_no_library_file_knows(x: np.ndarray, field: str) -> None:
    """Argument, type and what is allowed are named."""
    with pytest.raises(RelationError, match=r"no library file knows it.*allowed: .*numpy") as info:
        relation(*((3, x) if field == "a" else (x, 3)))

    assert (info.value.field, info.value.value) == (field, "builtins.int")


def test_relation_says_which_array_its_library_cannot_describe(
    x: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library raises is the cause."""
    from dlpack_conformance.libraries import torch as file

    def refuse(_: Any) -> None:
        raise RuntimeError("no storage")

    monkeypatch.setattr(file, "describe", refuse)

    with pytest.raises(RelationError, match=r"b: torch\.Tensor: .*RuntimeError: no storage"):
        relation(x, torch.zeros(2))


def test_relation_takes_library_files_from_outside(tmp_path: Path, x: np.ndarray) -> None:
    """A file without ``item_bytes`` is asked for its types."""
    (tmp_path / "box.py").write_text("class Box:\n    def __init__(self, x): self.x = x\n")
    file = tmp_path / "boxed.py"
    file.write_text(
        "import box\nfrom dlpack_conformance.libraries import numpy as base\n"
        "name = 'boxed'\nreadonly_arrays = True\nimmutable_arrays = False\n"
        "types = lambda: (box.Box,)\n"
        "describe = lambda x: base.describe(x.x)\n"
        "probe, routes = base.probe, lambda: []\n"
        "versions = prepare = makes = make = read = get = write = accepts = offers = None\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import box, numpy; from dlpack_conformance import relation\n"
        "x = numpy.zeros(3)\n"
        f"print(relation(x[1:], box.Box(x), files=[{str(file)!r}]))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "outcome='shared'" in done.stdout, done.stderr
    assert "overlap='overlap'" in done.stdout


def test_relation_imports_no_library_that_is_not_there_yet() -> None:
    """Whose an array is can be told without importing anybody else."""
    code = (
        "import sys, numpy; from dlpack_conformance import relation\n"
        "relation(numpy.zeros(3), numpy.zeros(3))\nprint('torch' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def sides(count: int) -> Iterator[tuple[Elements, Elements]]:
    """Small arrays with strides of either sign, zero ones and element sizes that differ."""
    draw = random.Random(20)
    for _ in range(count):
        pair = []
        for _ in range(2):
            rank = draw.randint(0, 3)
            shape = tuple(draw.randint(1, 4) for _ in range(rank))
            strides = tuple(draw.randint(-24, 24) for _ in range(rank))
            pair.append(
                Elements(1000 + draw.randint(-30, 30), shape, strides, draw.choice((1, 2, 4, 8)))
            )
        yield pair[0], pair[1]


def touched(x: Elements) -> set[int]:
    """Every byte of every element, one by one."""
    indices = product(*map(range, x.shape))
    return {x.address(index) + byte for index in indices for byte in range(x.item)}


def test_meeting_is_what_counting_every_byte_gives() -> None:
    """Two thousand pairs: found where bytes are common, and then at an element of each."""
    met = apart = 0
    for a, b in sides(2000):
        found = meeting(a, b)
        assert (found is not None) == bool(touched(a) & touched(b)), (a, b)
        if found is None:
            apart += 1
            continue
        met += 1
        assert all(0 <= i < n for at, x in zip(found, (a, b), strict=True)
                   for i, n in zip(at, x.shape, strict=True))  # fmt: skip
        here, there = a.address(found[0]), b.address(found[1])
        assert here < there + b.item
        assert there < here + a.item
    assert min(met, apart) > 200


def test_meeting_gives_up_and_says_so() -> None:
    """A search that would take too long is an error, never an answer."""
    a = Elements(0, (50, 50, 50), (100003, 1009, 31), 1)
    b = Elements(7, (50, 50, 50), (99991, 1013, 37), 1)

    with pytest.raises(TooManyWaysError):
        meeting(a, b, most_steps=1)
