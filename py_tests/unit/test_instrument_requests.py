"""Requests for a buffer, the exporter that counts them, and the struct of the array interface."""

from __future__ import annotations

import pytest
from dlpack_conformance import _instrument as instrument


def _array(readonly: bool = False) -> instrument.Array:
    memory = instrument.Template("int32", (2, 3), (3, 1), 0, list(range(6))).make()
    return instrument.Array(memory, "int32", (2, 3), (3, 1), readonly=readonly)


@pytest.mark.requirement("R-34")
def test_request_buffer_gives_the_members_of_each_kind() -> None:
    """A simple request has no shape and no format; a full one has all but suboffsets."""
    array = _array()
    simple = instrument.request_buffer(array, "simple")
    full = instrument.request_buffer(array, "full-ro")

    assert simple["nbytes"] == full["nbytes"] == 24
    assert simple["nulls"] == ["format", "shape", "strides", "suboffsets"]
    assert full["nulls"] == ["suboffsets"]
    assert (full["shape"], full["strides"], full["format"]) == ((2, 3), (12, 4), "i")
    assert simple["address"] == full["address"] == array.address


@pytest.mark.requirement("R-33")
def test_request_buffer_passes_on_what_the_exporter_raises() -> None:
    """A refusal reaches the caller, and an unknown kind is told apart from it."""
    with pytest.raises(BufferError, match="readonly"):
        instrument.request_buffer(_array(readonly=True), "writable")
    with pytest.raises(ValueError, match="kind: everything; limit: one of simple, writable"):
        instrument.request_buffer(_array(), "everything")


@pytest.mark.requirement("R-36")
def test_logged_buffer_counts_requests_and_releases() -> None:
    """What was asked is kept in order, refused requests too; the held object stays alive."""
    logged = instrument.LoggedBuffer(_array(readonly=True))
    view = memoryview(logged)
    with pytest.raises(BufferError):
        instrument.request_buffer(logged, "writable")

    assert logged.asked == ("full-ro", "writable")
    assert (logged.granted, logged.released) == (1, 0)
    assert view.tolist() == [[0, 1, 2], [3, 4, 5]]
    view.release()
    assert (logged.granted, logged.released) == (1, 1)


@pytest.mark.requirement("R-36")
def test_logged_buffer_may_show_more_in_a_subclass() -> None:
    """A subclass has attributes of its own beside the buffer."""

    class More(instrument.LoggedBuffer):
        @property
        def __array_interface__(self) -> dict[str, object]:
            return {"version": 3}

    more = More(_array())

    assert more.__array_interface__ == {"version": 3}
    assert memoryview(more).nbytes == 24
    with pytest.raises(TypeError, match="takes the object that has the buffer"):
        instrument.LoggedBuffer()  # type: ignore[call-arg]


class _ByClass(instrument.ClassBuffer):
    """Gives what it holds, whatever that is."""

    def __init__(self, gives: object) -> None:
        self.gives = gives
        self.back: list[object] = []

    def __buffer__(self, flags: int) -> object:
        return self.gives

    def __release_buffer__(self, view: object) -> None:
        self.back.append(view)
        if view.readonly:  # type: ignore[attr-defined]
            raise LookupError("said in __release_buffer__")


@pytest.mark.requirement("R-38")
def test_class_buffer_calls_both_methods() -> None:
    """The view that the first method gave is what the second gets, and not before the release."""
    x = _ByClass(memoryview(bytearray(b"abc")))
    view = memoryview(x)

    assert view.tobytes() == b"abc"
    assert x.back == []
    view.release()
    assert [back is x.gives for back in x.back] == [True]


@pytest.mark.requirement("R-38")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_class_buffer_passes_errors_on() -> None:
    """What the first raises or gives wrongly is the caller's; the second can't stop a release."""
    with pytest.raises(TypeError):
        memoryview(_ByClass(3))
    with pytest.raises(BufferError):
        instrument.request_buffer(_ByClass(memoryview(b"abc")), "writable")
    x = _ByClass(memoryview(b"abc"))
    view = memoryview(x)
    view.release()

    assert len(x.back) == 1


@pytest.mark.requirement("R-31")
def test_array_struct_is_read_as_documented() -> None:
    """Members of the struct, its flags, and that its capsule keeps the owner."""
    array = _array(readonly=True)
    seen = instrument.read_array_struct(array.__array_struct__)

    assert (seen["two"], seen["ndim"], seen["kind"], seen["item_bytes"]) == (2, 2, "i", 4)
    assert (seen["shape"], seen["strides"]) == ((2, 3), (12, 4))
    assert seen["address"] == array.address
    assert not seen["flags"] & 0x400
    assert seen["has_context"]
    with pytest.raises(TypeError, match="capsule: int; limit: a PyCapsule"):
        instrument.read_array_struct(3)
