"""``dlconform report``: the page and the summary of finished records."""

from __future__ import annotations

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import format_option, note
from dlpack_conformance.cli.outputs import Outputs, output_options
from dlpack_conformance.cli.result import exit_of, print_result
from dlpack_conformance.cli.reviewing import Known, baseline_option

__all__ = ["command"]


@click.command(short_help="Summary and page of finished records.")
@click.argument("records", type=file_path())
@click.option(
    "--out", type=file_path(), metavar="FILE", help="Write the page (one HTML file) here."
)
@click.option(
    "--library",
    multiple=True,
    type=file_path(exists=True),
    metavar="FILE.py",
    help="A library file that took part; repeatable.",
)
@output_options
@click.option("--target", metavar="LIB", help="Exit 1 only for what is blamed on LIB or its pair.")
@baseline_option
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of deviations.")
@format_option
def command(
    records: str,
    out: str | None,
    library: tuple[str, ...],
    outputs: Outputs,
    target: str | None,
    known: Known,
    exit_zero: bool,
    format_: str,
) -> Exit:
    """Print what RECORDS say as a whole and write their page."""
    from dlpack_conformance.report import read

    outputs.check()
    found = read(records)
    compared = known.review(found, target)
    outputs.write(found, compared)
    print_result(found, compared, format_=format_)
    if out is not None:
        from dlpack_conformance.cli.scripts import make_scripts
        from dlpack_conformance.report import write_html

        write_html(found, out, make_scripts(library))
        note(f"page: {out}")
    return exit_of(found, compared, exit_zero=exit_zero)
