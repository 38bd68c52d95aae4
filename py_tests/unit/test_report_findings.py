"""Findings: whose they are, and what they are never made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import report_synthetic as synthetic
from dlpack_conformance import modules
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.findings import Finding, findings
from dlpack_conformance.report.issue import title

ENTRY = {"rule": "C-45", "verdict": "deviates", "reason": "process-lost", "blame": "consumer"}
AXES = "from_dlpack/plain/float32/vector/plain/cpu"


def exchange(producer: str, consumer: str, tail: str = AXES, **changes: Any) -> dict[str, Any]:
    """One exchange case line that conforms, or as ``changes`` say."""
    row = synthetic.case((producer, consumer, *AXES.split("/")))
    row |= {
        "id": f"exchange/{producer}/{consumer}/{tail}",
        "outcome": "shared",
        "verdict": "conforms",
        "judged": ["C-45"],
        "facts": {},
    }
    return row | changes


def deviating(producer: str, consumer: str, tail: str = AXES, **changes: Any) -> dict[str, Any]:
    """One that deviates as ``ENTRY`` says, or as ``changes`` change that."""
    entry = ENTRY | changes
    verdict = {"verdict": entry["verdict"], "blame": entry["blame"], "judged": [entry]}
    return exchange(producer, consumer, tail, outcome="crashed", **verdict)


def protocol(library: str, rule: str, variant: str, **changes: Any) -> dict[str, Any]:
    """One protocol case line that conforms, or as ``changes`` say."""
    row = {
        "kind": "case",
        "id": f"protocol/{library}/{rule}/{variant}",
        "input": "valid",
        "outcome": "answered",
        "modifiers": [],
        "verdict": "conforms",
        "blame": "none",
        "judged": [rule],
        "proof": "",
        "facts": {},
        "time_ns": 1,
    }
    return row | changes


def found(tmp_path: Path, *rows: dict[str, Any]) -> list[Finding]:
    """Findings of a run with these cases."""
    return findings(records(tmp_path, *rows))


def records(tmp_path: Path, *rows: dict[str, Any]) -> Records:
    """A run with these cases."""
    path = tmp_path / "run.ndjson"
    header = synthetic.header(len(rows))
    header["census"]["ways"][0] |= {"route": "beta.asarray", "owner": "beta"}
    footer = {"kind": "footer", "counts": {}, "cases": len(rows), "digest": ""}
    path.write_text("".join(json.dumps(row) + "\n" for row in (header, *rows, footer)))
    return read(path)


def crash(words: str = "", signal: str = "SIGABRT", **facts: Any) -> dict[str, Any]:
    """Facts of a lost process."""
    message = {"crash.message": words} if words else {}
    return (
        {"crash.how": "signal", "crash.signal": signal, "crash.step": "exchange"} | message | facts
    )


def test_one_cause_makes_one_finding_with_its_smallest_case(tmp_path: Path) -> None:
    """The smallest layout shows it; all cases are counted."""
    larger = AXES.replace("vector", "matrix")
    (one,) = found(
        tmp_path,
        deviating("reference", "beta", larger),
        deviating("reference", "beta"),
        exchange("reference", "reference"),
    )

    assert (one.library, one.rule, one.reason, one.input) == (
        "beta", "C-45", "process-lost", "valid",
    )  # fmt: skip
    assert len(one.cases) == 2
    assert "/vector/" in one.smallest.id
    assert one.shown[0][1] == (f"exchange/reference/reference/{AXES}",)
    assert one.axes["layout"] == "matrix, vector"


def test_two_libraries_of_users_show_it_before_ours(tmp_path: Path) -> None:
    """The side is decided with the reference; a maintainer runs what needs no tool of ours."""
    tail = AXES.replace("vector", "reversed").replace("plain/cpu", "owned/cpu")
    (one,) = found(
        tmp_path,
        deviating("reference", "beta", AXES.replace("vector", "reversed")),
        deviating("alpha", "beta", tail),
    )

    assert one.smallest.id == f"exchange/alpha/beta/{tail}"
    assert one.shown[0][1][0] == f"exchange/alpha/reference/{tail}"
    assert any("exchange/reference/beta/" in case.id for case, _ in one.shown)


def test_a_lost_process_is_known_by_its_last_words(tmp_path: Path) -> None:
    """Numbers in them do not matter, nor where it was seen; other words are another cause."""
    tail = AXES.replace("vector", "reversed")
    lost = {"outcome": "crashed", "verdict": "deviates", "judged": [ENTRY | {"blame": "library"}]}
    one, other = found(
        tmp_path,
        deviating("reference", "beta", tail) | {"facts": crash("sizes=[6] strides=[-1]")},
        protocol("beta", "C-16", "reversed", **lost, facts=crash("sizes=[3, 4] strides=[-4, 1]")),
        protocol("beta", "T-10", "import", **lost, facts=crash("sizes=[#] strides=[-1]")),
        protocol("beta", "C-22", "code-200", **lost, facts=crash("unknown code 200")),
    )

    assert [len(one.cases), len(other.cases)] == [3, 1]
    assert one.blame == "consumer"
    assert one.symptom == "SIGABRT"


def test_without_last_words_the_tensors_tell_causes_apart(tmp_path: Path) -> None:
    """A cause that an ordinary tensor shows is one; others are split by what the tensors have."""
    silent = {"facts": crash(signal="SIGSEGV")}
    layouts = ("reversed", "reversed-rows", "empty-0", "scalar")
    rows = [
        deviating("reference", "beta", AXES.replace("vector", layout)) | silent
        for layout in layouts
    ]
    split = found(tmp_path, *rows)
    whole = found(tmp_path, *rows, deviating("reference", "beta") | silent)

    assert sorted((one.traits, len(one.cases)) for one in split) == [
        (("negative strides",), 2), (("no axes",), 1), (("no elements",), 1),
    ]  # fmt: skip
    assert [(one.traits, len(one.cases)) for one in whole] == [((), 5)]


def test_two_kinds_of_sources_are_two_causes(tmp_path: Path) -> None:
    """Both bits are lazy, and each has its own code; protocol cases name the source as a word."""
    lazy = {"rule": "P-38", "reason": "lazy-values-raw", "blame": "producer"}
    entry = {"verdict": "deviates", "blame": "producer", "judged": [ENTRY | lazy]}
    neg, conj = (AXES.replace("plain/cpu", f"{kind}/cpu") for kind in ("neg", "conj"))
    causes = found(
        tmp_path,
        deviating("beta", "reference", neg, **lazy),
        deviating("beta", "reference", conj, **lazy),
        deviating("beta", "reference", conj.replace("vector", "columns"), **lazy),
        protocol("beta", "P-38", "neg-float32+1.0", **entry),
    )

    assert sorted((one.traits[0].split()[3], len(one.cases)) for one in causes) == [
        ("conj", 2), ("neg", 2),
    ]  # fmt: skip


def test_each_class_of_exception_is_a_cause(tmp_path: Path) -> None:
    """Two wrong classes come from two places."""
    entry = ENTRY | {"rule": "C-24", "verdict": "permitted", "reason": "wrong-error"}
    wrong = {"verdict": "permitted", "judged": [entry]}
    causes = found(
        tmp_path,
        protocol("beta", "C-24", "cuda", **wrong, facts={"route.error": "AssertionError"}),
        protocol("beta", "C-24", "rocm", **wrong, facts={"route.error": "AssertionError"}),
        protocol("beta", "C-24", "metal", **wrong, facts={"route.error": "beta.Error"}),
    )

    assert sorted((one.symptom, len(one.cases)) for one in causes) == [
        ("AssertionError", 2), ("Error", 1),
    ]  # fmt: skip


def test_what_follows_from_another_finding_is_told_there(tmp_path: Path) -> None:
    """Of two rules that fall in the same cases the one that is asked more often says less."""
    both = [
        ENTRY | {"rule": "C-42", "reason": "result-differs", "blame": "producer"},
        ENTRY | {"rule": "P-38", "reason": "lazy-values-raw", "blame": "producer"},
    ]
    tail = AXES.replace("plain/cpu", "neg/cpu")
    (one,) = found(
        tmp_path,
        exchange("beta", "reference", tail, verdict="deviates", blame="producer", judged=both),
        exchange("reference", "reference", judged=["C-42"]),
    )

    assert (one.rule, one.also) == ("P-38", ("C-42",))


def test_a_part_of_a_larger_finding_stays_where_it_is_more(tmp_path: Path) -> None:
    """A finding with one case of its own is its own."""
    rule = {"rule": "C-42", "reason": "result-differs"}
    causes = found(
        tmp_path,
        deviating("reference", "beta"),
        deviating("reference", "beta", AXES.replace("vector", "matrix"), **rule),
    )

    assert {one.rule for one in causes} == {"C-42", "C-45"}


def test_ours_stands_in_with_what_it_can_make(tmp_path: Path) -> None:
    """A source or dtype that DLPack does not describe is an ordinary tensor in the control."""
    tail = "from_dlpack/plain/qint8/vector/quantised/cpu"
    entry = {"rule": "P-36", "reason": "undescribable-exported", "blame": "producer"}
    (one,) = found(tmp_path, deviating("beta", "reference", tail, **entry))

    assert one.shown[0][1] == (f"exchange/reference/reference/{AXES}",)


def test_a_route_of_nobody_accuses_nobody(tmp_path: Path) -> None:
    """Blame on a protocol route names no library."""
    entry = {"blame": "route", "rule": "R-31", "reason": "promise-values"}
    tail = AXES.replace("from_dlpack", "array-struct")
    assert found(tmp_path, deviating("reference", "beta", tail, **entry)) == []


def test_what_only_two_real_libraries_show_is_nobodys_finding(tmp_path: Path) -> None:
    """A side is decided by the library against the reference, never between two others."""
    assert found(tmp_path, deviating("alpha", "beta"), exchange("reference", "beta")) == []


def test_where_the_reference_does_it_too_there_is_no_finding(tmp_path: Path) -> None:
    """The reference against itself has to be clean on the same axes."""
    both = deviating("reference", "beta"), deviating("reference", "reference")
    assert found(tmp_path, *both) == []


def test_an_undecided_pair_is_nobodys_finding(tmp_path: Path) -> None:
    """Blame on the pair names no library."""
    assert found(tmp_path, deviating("reference", "beta", blame="pair")) == []


def test_a_route_is_its_owners(tmp_path: Path) -> None:
    """What is blamed on a route is a finding of the library that owns it."""
    tail = AXES.replace("from_dlpack", "beta.asarray")
    entry = {"blame": "route", "rule": "R-10", "reason": "promise-shares"}
    (one,) = found(tmp_path, deviating("alpha", "beta", tail, **entry))

    assert one.library == "beta"
    assert one.shown[0][1] == (f"exchange/alpha/reference/{AXES}",)


def test_another_class_is_a_finding_of_its_own_kind(tmp_path: Path) -> None:
    """It is permitted, and told after what deviates."""
    wrong = {"verdict": "permitted", "reason": "wrong-error", "rule": "C-24"}
    light, grave = (AXES, AXES.replace("vector", "matrix"))
    grave, light = found(
        tmp_path,
        deviating("reference", "beta", light, **wrong),
        deviating("reference", "beta", grave),
    )

    assert (grave.verdict, light.verdict) == ("deviates", "permitted")
    assert light.rule == "C-24"


def test_other_permitted_behaviour_is_no_finding(tmp_path: Path) -> None:
    """A reading that allows it, or a mere advice, accuses nobody."""
    entry = {"verdict": "permitted", "reason": "A-13:other-dtype"}
    assert found(tmp_path, deviating("reference", "beta", **entry)) == []


def test_protocol_cases_are_their_librarys(tmp_path: Path) -> None:
    """Blame in a protocol case is always the library's; the reference stands beside it."""
    entry = ENTRY | {"rule": "P-25", "reason": "device-accepted", "blame": "producer"}
    deviates = {"verdict": "deviates", "blame": "producer", "judged": [entry]}
    (one,) = found(
        tmp_path,
        protocol("beta", "P-25", "device-99", **deviates),
        protocol("reference", "P-25", "device-99"),
    )

    assert one.library == "beta"
    assert one.shown[0][1] == ("protocol/reference/P-25/device-99",)


def test_malformed_input_is_kept_apart_and_only_a_loss_is_told(tmp_path: Path) -> None:
    """Nobody is judged for malformed input; a process that ends over it is told apart."""
    lost = {"outcome": "crashed", "input": "malformed", "verdict": "undecided"}
    undecided = [{"rule": "T-31", "verdict": "undecided", "reason": "malformed-open"}]
    (one,) = found(
        tmp_path,
        protocol("beta", "T-31", "negative-ndim", **lost, judged=undecided),
        protocol("beta", "T-31", "negative-extent", input="malformed", judged=undecided),
    )

    assert (one.library, one.input, one.verdict) == ("beta", "malformed", "not-judged")
    assert [case.id for case in one.cases] == ["protocol/beta/T-31/negative-ndim"]


def test_what_was_malformed_tells_causes_apart(tmp_path: Path) -> None:
    """Without last words the first word of a variant says which field it is."""
    lost = {"outcome": "crashed", "input": "malformed", "facts": crash(signal="SIGSEGV")}
    causes = found(
        tmp_path,
        *(
            protocol("beta", "T-31", variant, **lost, judged=[])
            for variant in ("ndim-lowest", "ndim-minus-1", "shape-null")
        ),
    )

    assert sorted(len(one.cases) for one in causes) == [1, 2]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, "beta.from_dlpack ends the process (SIGABRT) for tensors with negative strides"),
        (
            {"outcome": "hung"},
            "beta.from_dlpack does not come back for tensors with negative strides",
        ),
    ],
)
def test_titles_say_what_happens_and_when(
    tmp_path: Path, change: dict[str, Any], wanted: str
) -> None:
    """A maintainer reads the call, the end and the kind of tensor."""
    tail = AXES.replace("vector", "reversed")
    row = deviating("reference", "beta", tail) | {"facts": crash("overflow")} | change
    (one,) = found(tmp_path, row)

    assert title(one, one.smallest, "    b = beta.from_dlpack(a)\n") == wanted


def test_titles_of_another_class_name_it_and_the_text(tmp_path: Path) -> None:
    """So that nobody takes it for a crash."""
    entry = ENTRY | {"rule": "C-24", "verdict": "permitted", "reason": "wrong-error"}
    wrong = {"verdict": "permitted", "judged": [entry], "facts": {"route.error": "RuntimeError"}}
    (one,) = found(tmp_path, protocol("beta", "C-24", "cuda", **wrong))
    text = next(row["text"] for row in modules().core.rules() if row["id"] == "C-24")

    assert title(one, one.smallest, "b = beta.from_dlpack(a)") == (
        f"beta.from_dlpack raises RuntimeError, but {text}"
    )


def test_an_exporters_fault_is_named_by_its_method(tmp_path: Path) -> None:
    """The call in the script is the consumer's."""
    entry = {"rule": "P-38", "reason": "lazy-values-raw", "blame": "producer"}
    (one,) = found(tmp_path, deviating("beta", "reference", **entry))

    assert title(one, one.smallest, "b = ref.from_dlpack(a)").startswith("__dlpack__: ")


def test_a_rule_that_this_catalogue_lacks_is_told_by_its_id(tmp_path: Path) -> None:
    """Records of another catalogue may have it."""
    (one,) = found(tmp_path, deviating("reference", "beta", rule="Z-99", reason="no-such-reason"))

    assert title(one) == "no-such-reason"
    assert one.rule == "Z-99"
