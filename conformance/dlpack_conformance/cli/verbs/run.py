"""``dlconform run``: run the matrix and write the records."""

from __future__ import annotations

from pathlib import Path

import click

from dlpack_conformance.cli.exits import Exit, first
from dlpack_conformance.cli.options import Selection, file_path, selection_options, shard_option
from dlpack_conformance.cli.output import format_option, note
from dlpack_conformance.cli.outputs import Outputs, output_options
from dlpack_conformance.cli.problem import Problem
from dlpack_conformance.cli.reviewing import Known, baseline_option

__all__ = ["command"]


@click.command(short_help="Run the matrix and write the records.")
@selection_options
@click.option(
    "--out",
    default="dlconform.ndjson",
    show_default=True,
    metavar="FILE",
    help="Where the records go; .gz is packed, - is stdout.",
)
@click.option(
    "--html", type=file_path(), metavar="FILE", help="Write the page (one HTML file) too."
)
@baseline_option
@output_options
@shard_option
@click.option(
    "--jobs", type=int, default=0, metavar="N", help="Pairs at a time; default: one a core."
)
@click.option(
    "--timeout",
    type=float,
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="A case without a step for so long is hung.",
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of deviations.")
@format_option
def command(
    selection: Selection,
    out: str,
    html: str | None,
    known: Known,
    outputs: Outputs,
    shard: tuple[int, int] | None,
    jobs: int,
    timeout: float,
    exit_zero: bool,
    format_: str,
) -> Exit:
    """Run the planned cases, each where it can end no other, and write one record line a case."""
    from dlpack_conformance.cli.observe import observe
    from dlpack_conformance.cli.result import exit_of, print_result

    if html is not None and not Path(html).absolute().parent.is_dir():
        # Said now, not after minutes of running.
        raise Problem("option", f"--html {html}: there is no such folder", "make it, or choose one")
    outputs.check()
    summary, records = observe(selection, out=out, jobs=jobs, timeout_s=timeout, shard=shard)
    for name, why in summary.missing.items():
        note(f"not usable: {name}: {why}")
    compared = known.review(records, selection.target)
    outputs.write(records, compared)
    print_result(records, compared, format_=format_, stderr=out == "-")
    if html is not None:
        from dlpack_conformance.cli.scripts import make_scripts
        from dlpack_conformance.report import write_html

        write_html(records, html, make_scripts(selection.files))
    kept = "" if out == "-" else f"records: {out}"
    page = "" if html is None else f"page: {html}"
    speed = summary.written / max(summary.seconds, 1e-9)
    ran = f"{summary.written:,} cases in {summary.seconds:.1f} s ({speed:,.0f}/s)"
    note("  ".join(filter(None, [ran, kept, page])))
    for file in selection.files if compared.failed else ():
        # A wrong library file can look like a wrong library.
        note(f"before you blame a library: dlconform libraries check {file}")
    codes = [exit_of(records, compared, exit_zero=exit_zero)]
    if summary.interrupted:
        codes.append(Exit.INTERRUPTED)
    return first(codes)
