"""``dlconform rules``: the rules that cases are judged by, and the proof that each can fail."""

from __future__ import annotations

from typing import Any

import click

from dlpack_conformance.cli.output import format_option, note, print_json, table
from dlpack_conformance.cli.problem import Problem

__all__ = ["command"]

_TEXTS = {
    "rules": "rules of the catalogue",
    "with_cases": "rules that cases on a CPU show",
    "musts_with_cases": "musts and derived rules among them",
    "musts_proven": "musts and derived rules that a planted fault was seen to break",
    "faults_planted": "faults planted",
    "faults_caught": "faults caught by the rule that they prove",
    "twins_tripping": "harmless twins that trip a rule",
    "mutants": "ways in which one rule could say something else",
    "mutants_killed": "of these, changes that some case shows",
}


@click.command(short_help="The rules that cases are judged by, and the proof that each can fail.")
@click.argument("words", nargs=-1)
@click.option("--proof", is_flag=True, help="Which checks planted faults were seen to trip.")
@click.option("--rerun", is_flag=True, help="With --proof: run the faults, where they were built.")
@format_option
def command(words: tuple[str, ...], proof: bool, rerun: bool, format_: str) -> None:
    """List the rules, or those that have every WORD: an id, a level, a duty, a word of the text."""
    if proof or rerun:
        if words or not proof:
            said = "--rerun without --proof" if not proof else f"--proof with {' '.join(words)}"
            raise Problem("option", f"{said}: no such combination", "dlconform rules --proof")
        _print_proof(_run_faults() if rerun else _published(), format_)
        return
    from dlpack_conformance import modules

    rows = [row for row in modules().core.rules() if _matches(row, words)]
    if format_ == "json":
        print_json(rows)
        return
    table(
        ["rule", "level", "duty", "text", "source"],
        [
            [str(row.get(key, "")) for key in ("id", "level", "duty", "text", "source")]
            for row in rows
        ],
    )
    note(f"{len(rows)} rules" + (f" with {' '.join(words)}" if words else ""))


def _matches(row: dict[str, Any], words: tuple[str, ...]) -> bool:
    """Whether each word is the whole of a short field or lies somewhere in the row's text."""
    text = " ".join(str(value) for value in row.values()).casefold()
    return all(word.casefold() in text for word in words)


def _published() -> dict[str, Any]:
    """Return the proof that was written when the faults ran last."""
    from dlpack_conformance.errors import ReportError
    from dlpack_conformance.report.proof import read_proof

    try:
        return read_proof()
    except ReportError as error:
        raise Problem("proof", str(error)) from error


def _run_faults() -> dict[str, Any]:
    """Run all faults here; they are in no wheel, only in a build of the sources."""
    from importlib import import_module

    try:
        runner = import_module("dlpack_faults._proof")
    except ModuleNotFoundError as error:
        raise Problem(
            "rerun",
            "the faults were not built here: they are in no wheel",
            "in a checkout: ci/test, then PYTHONPATH=build/dev/python "
            "build/venv/bin/python -m dlpack_conformance.cli rules --proof --rerun",
        ) from error
    proof = runner.prove(lambda result: note(f"{result.name}: {'; '.join(result.wrong()) or 'ok'}"))
    document: dict[str, Any] = proof.document()
    return document


def _print_proof(proof: dict[str, Any], format_: str) -> None:
    from dlpack_conformance.report.proof import COUNTS

    counts = {key: proof[key] for key in COUNTS}
    if format_ == "json":
        print_json(counts)
        return
    table(["count", "of"], [[str(counts[key]), _TEXTS[key]] for key in COUNTS])
    lists = (
        ("musts and derived rules that no fault was seen to break", "unproven"),
        ("rules without a case", "without_cases"),
    )
    for title, key in lists:
        if proof[key]:
            table(["rule", "why"], sorted(proof[key].items()), title=title)
    if proof["survivors"]:
        table(
            ["rule", "change", "why it says the same"],
            [[one["rule"], one["change"], one["why"]] for one in proof["survivors"]],
            title="changes that no case shows",
        )
