"""Where the templates of the reports are, and how they are filled in."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dlpack_conformance.errors import ReportError

__all__ = ["environment", "page_folder"]


def page_folder() -> Path:
    """Where templates, style and scripts are.

    Beside this file when installed, else in the checkout.
    """
    here = Path(__file__).resolve().parent
    folders = (here / "page", here.parents[2] / "reports" / "page")
    for folder in folders:
        if (folder / "page.html.j2").is_file():
            return folder
    raise ReportError(str(folders[0]), "page.html.j2", "the page's sources are not installed")


def environment(*, escape: bool = True) -> Environment:
    """Templates of `page_folder`; ``escape``: values become text of HTML and XML."""
    return Environment(
        loader=FileSystemLoader(page_folder()),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
