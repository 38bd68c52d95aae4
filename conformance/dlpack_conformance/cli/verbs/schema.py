"""``dlconform schema``: the JSON Schema of the record's lines."""

from __future__ import annotations

import json

import click

from dlpack_conformance.cli.output import print_json

__all__ = ["command"]


@click.command(short_help="The JSON Schema of the record lines.")
def command() -> None:
    """Print the JSON Schema of the record's lines, made from the catalogue's facts."""
    from dlpack_conformance import modules

    print_json(json.loads(modules().core.schema()))
