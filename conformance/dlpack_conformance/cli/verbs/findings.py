"""``dlconform findings``: deviations as a maintainer would want an issue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import Progress, format_option, note, print_json

if TYPE_CHECKING:
    from dlpack_conformance.report import Expansion, Records, Scripts
    from dlpack_conformance.report.findings import Finding
    from dlpack_conformance.report.issue import Reproduced
    from dlpack_conformance.report.repro import Script

__all__ = ["command"]


@dataclass(frozen=True, slots=True)
class _Refused:
    """A finding that no script shows, and why."""

    finding: Finding
    why: str


@click.command(short_help="Deviations as issues, each with a script.")
@click.argument("records", type=file_path())
@click.option("--library", "of", multiple=True, metavar="LIB", help="Only of this library.")
@click.option(
    "--file",
    "files",
    multiple=True,
    type=file_path(exists=True),
    metavar="FILE.py",
    help="A library file that took part; repeatable.",
)
@format_option
def command(records: str, of: tuple[str, ...], files: tuple[str, ...], format_: str) -> Exit:
    """Print the findings in RECORDS: cases with the same cause, title, rule, script, what was seen.

    A finding is printed only if the library did it against the reference, the reference does not do
    it against itself, and the script shows it: run now, alone in a new process, it exits 1 on the
    library and 0 with the reference in its place. So the libraries of RECORDS have to be installed
    in the versions that were recorded. What was seen of malformed input, for which nobody is
    judged, and exceptions of another class than the text has come after the deviations.

    --format json: a list of objects with library, rule, title, cases (how many), reproducer (the
    script), blame, input (valid or malformed), and further keys after these.
    """
    from dlpack_conformance.cli.scripts import make_scripts
    from dlpack_conformance.report import findings, read
    from dlpack_conformance.report.issue import json_row, markdown, title

    found = read(records)
    _warn(found)
    wanted = [one for one in findings(found) if not of or one.library in of]
    absent = _absent(found, wanted, files)
    tried = [one for one in wanted if one.library not in absent]
    shown: list[Reproduced] = []
    refused = [_Refused(one, absent[one.library]) for one in wanted if one.library in absent]
    scripts = make_scripts(files, traced=True)
    with Progress() as bar:
        for at, one in enumerate(_tried(found, tried, scripts), start=1):
            bar(at, len(tried), one.finding.library)
            if isinstance(one, _Refused):
                refused.append(one)
            else:
                shown.append(one)
    if format_ == "json":
        print_json([json_row(found, one) for one in shown])
    else:
        for one in shown:
            click.echo(markdown(found, one))
    note(f"{len(shown)} findings")
    for left in refused:
        case = left.finding.smallest
        words = title(left.finding, case)
        note(f"not printed: {left.finding.library}: {words} ({case.id}): {left.why}")
    return Exit.OK


def _warn(records: Records) -> None:
    """Say what is wrong with the records; findings of what is there are told all the same."""
    from dlpack_conformance import modules

    if records.incomplete:
        note(f"incomplete: {records.incomplete}")
    if records.shard:
        note(f"{records.shard}: what only the others show is missing")
    written, ours = records.header.get("catalogue", ""), modules().core.catalogue_digest()
    if written != ours:
        note(
            f"another catalogue: the records were written with {written or 'an unnamed one'}, this "
            f"one is {ours}: texts of rules are of this one, and facts that the other one gives by "
            "itself are missing"
        )


def _absent(records: Records, wanted: Sequence[Finding], files: Sequence[str]) -> Mapping[str, str]:
    """Libraries whose scripts can't be run here, with the reason."""
    from dlpack_conformance.engine.census import census
    from dlpack_conformance.engine.discover import find_libraries

    names = {one.library for one in wanted}
    known = find_libraries(files)
    reasons = dict.fromkeys(names - set(known), "no library file has this name")
    if not names - set(reasons):
        return reasons
    installed = census(sorted(names - set(reasons)), files=files)
    for name in names - set(reasons):
        if name in installed.missing:
            reasons[name] = f"not installed: {installed.missing[name]}"
            continue
        now, then = installed.libraries[name]["versions"], records.versions.get(name, {})
        if now != then:
            reasons[name] = f"another version is installed: {_listed(now)}, not {_listed(then)}"
    return reasons


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "none"


def _tried(
    records: Records, wanted: Sequence[Finding], scripts: Scripts
) -> Iterable[Reproduced | _Refused]:
    from dlpack_conformance.cli.scripted import at_once
    from dlpack_conformance.report import Expansion

    if not wanted:
        return ()
    expansion = Expansion(records)
    ids = [
        one for finding in wanted for case, others in finding.shown for one in (case.id, *others)
    ]
    scripts.prepare(ids)
    return at_once(lambda finding: _reproduced(records, finding, scripts, expansion), wanted)


def _reproduced(
    records: Records, finding: Finding, scripts: Scripts, expansion: Expansion
) -> Reproduced | _Refused:
    """The first script that shows the finding, on the library and not with the reference."""
    from dlpack_conformance.cli.scripted import run_script
    from dlpack_conformance.errors import ReportError
    from dlpack_conformance.report.issue import Reproduced

    why = "its library files give no script for it"
    for case, others in finding.shown:
        facts = expansion.facts(case, records.position(case))
        try:
            for script in scripts.scripts(case, facts, finding.entry(case), others):
                ran = run_script(script.text)
                if ran.status != 1 or "Traceback" in ran.output:
                    why = f"its script ended with {ran.words}"
                    continue
                other = _against(script)
                if other:
                    why = f"with the reference in its place its script ended with {other}"
                    continue
                return Reproduced(
                    finding, case, script.kind, script.text, script.against or "", ran.output
                )
        except ReportError as error:
            why = error.reason
    return _Refused(finding, why)


def _against(script: Script) -> str:
    """How the script with the reference ended, empty where it saw nothing or there is no such."""
    from dlpack_conformance.cli.scripted import run_script

    if script.against is None:
        return ""
    ran = run_script(script.against)
    return "" if ran.status == 0 else ran.words
