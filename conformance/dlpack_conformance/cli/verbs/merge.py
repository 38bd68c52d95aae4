"""``dlconform merge``: shards into the records that one run would have written."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import format_option, note
from dlpack_conformance.cli.outputs import Outputs, output_options
from dlpack_conformance.cli.result import exit_of, print_result
from dlpack_conformance.cli.reviewing import Known, baseline_option

__all__ = ["command"]


@click.command(short_help="The shards of a run as one file.")
@click.argument("files", nargs=-1, required=True, type=file_path())
@click.option(
    "--out",
    default="dlconform.ndjson",
    show_default=True,
    metavar="FILE",
    help="Where the records go; .gz is packed, - is stdout.",
)
@click.option("--target", metavar="LIB", help="Exit 1 only for what is blamed on LIB or its pair.")
@baseline_option
@output_options
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of deviations.")
@format_option
def command(
    files: tuple[str, ...],
    out: str,
    target: str | None,
    known: Known,
    outputs: Outputs,
    exit_zero: bool,
    format_: str,
) -> Exit:
    """Merge all shards of one run (run --shard 1/n ... n/n), given in any order.

    The file is that of one run: every planned case once, in order. Refused are a missing and a
    doubled shard, one that is cut or was changed, and shards of different catalogues, versions,
    libraries or options.
    """
    import shutil
    import tempfile

    from dlpack_conformance.engine import merged_lines
    from dlpack_conformance.engine.records import write_lines
    from dlpack_conformance.report import read

    outputs.check()
    asked = ("dlconform", *sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="dlconform-") as folder:
        path = str(Path(folder, "merged.ndjson")) if out == "-" else out
        write_lines(path, merged_lines(files, asked))
        found = read(path)
        if out == "-":
            with Path(path).open("rb") as records:
                shutil.copyfileobj(records, sys.stdout.buffer)
    compared = known.review(found, target)
    outputs.write(found, compared)
    print_result(found, compared, format_=format_, stderr=out == "-")
    kept = "" if out == "-" else f"; records: {out}"
    note(f"{len(found.cases):,} cases of {len(files)} shards{kept}")
    return exit_of(found, compared, exit_zero=exit_zero)
