"""Parts of the engine by themselves: discovery, sources, sharing, keywords, options, records."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from dlpack_conformance import modules
from dlpack_conformance.engine import find_libraries, find_routes
from dlpack_conformance.engine.devices import Devices
from dlpack_conformance.engine.exchange import STEPS, call_text, first_difference
from dlpack_conformance.engine.keywords import keyword_text, learn, learn_here
from dlpack_conformance.engine.options import Options
from dlpack_conformance.engine.pair import Way
from dlpack_conformance.engine.prepare import LONG_ELEMS, Catalogue
from dlpack_conformance.engine.records import lines_of, outcome_and_verdict
from dlpack_conformance.engine.sharing import relation
from dlpack_conformance.errors import LibraryFileError, OptionError, ReportError
from dlpack_conformance.libraries import Description


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return a fresh catalogue."""
    return Catalogue()


def test_steps_are_the_journals() -> None:
    """The engine's step numbers mean what the journal's do."""
    assert tuple(modules().core.Journal.STEPS) == STEPS


def test_libraries_are_found_by_scan_and_by_file(tmp_path: Path) -> None:
    """The package's files are there, one from outside joins them, a taken name is refused."""
    file = tmp_path / "mine.py"
    reference = find_libraries()["reference"].__file__  # type: ignore[attr-defined]
    text = Path(reference).read_text()
    file.write_text(text.replace('name = "reference"', 'name = "mine"'))
    same = tmp_path / "same.py"
    same.write_text(text)

    assert {"reference", "mine"} <= set(find_libraries([file]))
    with pytest.raises(LibraryFileError, match=r"same\.py.*'reference' is taken"):
        find_libraries([same])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x'", "lacks probe, versions"),
        ("1 / 0", "ZeroDivisionError"),
        (None, "not a Python file"),
    ],
)
def test_library_files_that_are_none_are_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    """What is missing, what loading raised, what is no file at all: with the file's name."""
    file = tmp_path / "broken.py"
    if text is not None:
        file.write_text(text)

    with pytest.raises(LibraryFileError, match=rf"broken\.py.*{message}"):
        find_libraries([file])


def test_routes_name_their_owner() -> None:
    """Protocol routes belong to no library; a dotted one to the library whose file has it."""
    owners = {route.name: owner for route, owner in find_routes(find_libraries())}

    assert owners["from_dlpack"] == ""
    assert all(owner and name.startswith(owner) for name, owner in owners.items() if "." in name)


def test_prepared_sources_hold_what_a_reader_gives(catalogue: Catalogue) -> None:
    """Values and span of a plain matrix are the catalogue's; the write proof has another value."""
    prepared = catalogue.prepared(("int32", "matrix", "plain", "cpu"))
    memory = prepared.template.make()

    assert len(prepared.values) == 4 * len(prepared.raw or b"") // 16
    assert prepared.new != prepared.old == prepared.values[-1]
    low, high = prepared.span
    assert -memory.first_offset <= low <= 0 < high <= memory.nbytes - memory.first_offset


def test_prepared_sources_are_made_once(catalogue: Catalogue) -> None:
    """The same four axes give the same object."""
    key = ("float32", "matrix", "plain", "cpu")

    assert catalogue.prepared(key) is catalogue.prepared(key)


def test_prepared_huge_sources_ask_for_the_first_and_the_last_only(catalogue: Catalogue) -> None:
    """More than 2**20 elements are not spelled out."""
    huge = next(r for r in modules().core.layouts() if r["elements"] > LONG_ELEMS)
    prepared = catalogue.prepared(("uint8", huge["name"], "plain", "cpu"))

    assert len(prepared.values) == 2


def test_owned_sources_have_an_image_but_no_memory_of_ours(catalogue: Catalogue) -> None:
    """Where the library allocates, the engine lends nothing."""
    prepared = catalogue.prepared(("float32", "matrix", "owned", "cpu"))

    assert prepared.template is None
    assert prepared.image is not None


def test_encoding_says_none_where_a_dtype_lacks_the_value(catalogue: Catalogue) -> None:
    """A complex number is no int32, and text is no dtype of DLPack."""
    assert catalogue.encode("int32", [1, 2]) == bytes([1, 0, 0, 0, 2, 0, 0, 0])
    assert catalogue.encode("int32", [1j]) is None
    assert catalogue.encode("str", ["a"]) is None


def at(
    address: int | None, shape: tuple[int, ...], strides: tuple[int, ...], dtype: str = "int32"
) -> Description:
    """Return a description on the CPU."""
    return Description(shape, strides, dtype, "cpu", address, True)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (at(1000, (2, 3), (3, 1)), at(1000, (2, 3), (3, 1)), "same"),
        (at(1000, (1, 3), (3, 1)), at(1000, (1, 3), (77, 1)), "same"),
        (at(1000, (2, 3), (3, 1)), at(1000, (6,), (1,)), "overlap"),
        (at(1000, (4,), (1,)), at(1016, (4,), (1,)), "apart"),
        (at(1000, (4,), (-1,)), at(988, (1,), (1,)), "overlap"),
        (at(1000, (4,), (1,)), at(None, (4,), (1,)), None),
        (at(1000, (4,), (1,)), at(1000, (4,), (1,), "unheard-of"), None),
        (at(1000, (4,), (1,), "float4_e2m1fn"), at(1002, (2,), (1,), "uint8"), "apart"),
    ],
)
def test_relation_of_two_descriptions(a: Description, b: Description, expected: str | None) -> None:
    """Same, overlapping and disjoint memory are told apart, also for packed elements."""
    assert relation(a, b, {"int32": 32, "uint8": 8, "float4_e2m1fn": 4}) == expected


@pytest.mark.parametrize("learning", [learn, learn_here])
def test_keywords_are_learned_from_the_call_log(learning) -> None:
    """What a consumer passes is known; one that calls nothing, or ends the process, is not."""
    import os

    def asks(x):
        return x.__dlpack__(max_version=(1, 0), dl_device=(1, 0))

    ways = [
        Way("asks", "plain", asks),
        Way("silent", "plain", lambda x: None),
    ]
    if learning is learn:
        ways += [
            Way("ends", "plain", lambda x: os._exit(3)),
            Way("after", "plain", asks),
        ]
    learning(ways)

    found = {way.route: way.keywords for way in ways}
    assert found["asks"] == {"max_version": (1, 0), "dl_device": (1, 0)}
    assert found["silent"] is None
    if learning is learn:
        assert found["ends"] is None
        assert found["after"] == found["asks"]


def test_keyword_text_is_as_a_call_shows_it() -> None:
    """Numbers of enums are plain numbers."""
    from enum import IntEnum

    class Device(IntEnum):
        CPU = 1

    text = keyword_text({"dl_device": (Device.CPU, 0), "copy": None, "max_version": (1, 0)})
    assert text == "dl_device=(1, 0), copy=None, max_version=(1, 0)"


def test_call_text_tells_true_from_one() -> None:
    """Kept texts never stand for an equal value of another type; any value is shown."""
    assert call_text("f", (("copy", True),)) == "f(copy=True)"
    assert call_text("f", (("copy", 1),)) == "f(copy=1)"
    assert call_text("f", (("copy", [1]),)) == "f(copy=[1])"


def test_first_difference_names_index_asked_and_got() -> None:
    """Also where the counts differ."""
    assert first_difference([1, 2, 3], [1, 5, 3]) == "1: asked 2, got 5"
    assert first_difference([1, 2, 3], [1]) == "3 elements asked, 1 read"


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"jobs": -1}, "--jobs"),
        ({"timeout_s": 0.0}, "--timeout"),
        ({"shard": (3, 2)}, "--shard"),
        ({"batch": 0}, "batch"),
    ],
)
def test_options_out_of_range_are_refused_by_name(options, name: str) -> None:
    """The message has the option, its value and what is allowed."""
    with pytest.raises(OptionError, match=f"{name}.*allowed is"):
        Options(**options)


def test_lines_end_where_the_file_was_cut(tmp_path: Path) -> None:
    """Half a line is no line, in plain files and in gzip."""
    plain = tmp_path / "a.ndjson"
    plain.write_bytes(b'{"kind":"header"}\n{"kind":"ca')
    packed = tmp_path / "a.ndjson.gz"
    packed.write_bytes(gzip.compress(b'{"kind":"header"}\n' + b"x" * 100_000)[:-40])

    assert list(lines_of(plain)) == [b'{"kind":"header"}\n']
    assert list(lines_of(packed)) == [b'{"kind":"header"}\n']
    with pytest.raises(ReportError, match="none"):
        list(lines_of(tmp_path / "none.ndjson"))


def test_outcome_and_verdict_are_the_cases_own() -> None:
    """Verdicts of single rules come later in the line."""
    line = b'{"id":"x","outcome":"shared","verdict":"permitted","judged":[{"verdict":"deviates"}]}'

    assert outcome_and_verdict(line) == ("shared", "permitted")


def test_catalogue_leaves_devices_before_a_case_on_the_host() -> None:
    """Templates on a device go with it; those of the host stay."""
    catalogue = Catalogue(Devices(ours=True))
    host = catalogue.prepared(("float32", "matrix", "plain", "cpu"))
    far = catalogue.prepared(("float32", "matrix", "plain", "simulated-0"))
    assert far.device_memory is not None
    assert catalogue.devices.open

    assert catalogue.prepared(("float32", "matrix", "plain", "cpu")) is host
    assert not catalogue.devices.open
    assert catalogue.prepared(("float32", "matrix", "plain", "simulated-0")) is not far


def test_devices_state_what_they_are_by_who_sees_them() -> None:
    """CUDA to the reference alone, an extension to anybody else."""
    assert Devices(ours=True).accelerator("simulated-0").device == (2, 0)
    assert Devices().accelerator("simulated-0").device == (12, 0)
    assert Devices().accelerator("cpu") is None
    assert Devices().place("cpu") == {}
