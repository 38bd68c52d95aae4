"""``dlconform completion SHELL``: what a shell needs to complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["command"]


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(dlconform completion bash)"
    """
    kind = get_completion_class(shell)
    assert kind is not None  # the choice above has only shells that click knows
    script = kind(ctx.find_root().command, {}, "dlconform", "_DLCONFORM_COMPLETE")
    click.echo(script.source())
