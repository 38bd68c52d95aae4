"""Defaults from ``[tool.dlconform]``: found upwards, by verb, refused where they name no option."""

from __future__ import annotations

from pathlib import Path

import pytest
from dlpack_conformance.cli import config
from dlpack_conformance.cli.group import dlconform
from dlpack_conformance.cli.problem import Problem


def write(folder: Path, text: str) -> Path:
    """Write a project file."""
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_config_without_a_project_file_gives_nothing(tmp_path: Path) -> None:
    """A folder without the table changes no default."""
    write(tmp_path, "[project]\nname = 'x'\n")

    assert config.defaults(dlconform, "list", tmp_path) == {}


def test_config_is_found_in_a_folder_above(tmp_path: Path) -> None:
    """The nearest project file counts, as for other tools."""
    write(tmp_path, "[tool.dlconform]\nprofile = 'quick'\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert config.defaults(dlconform, "list", below) == {"profile": "quick"}


def test_config_key_reaches_only_verbs_that_have_the_option(tmp_path: Path) -> None:
    """A profile says nothing to a verb without one."""
    write(tmp_path, "[tool.dlconform]\nprofile = 'quick'\nformat = 'json'\n")

    assert config.defaults(dlconform, "rules", tmp_path) == {"format_": "json"}


def test_config_of_the_verb_wins_over_the_common_one(tmp_path: Path) -> None:
    """A table of the verb's own is nearer."""
    write(
        tmp_path, "[tool.dlconform]\nprofile = 'quick'\n[tool.dlconform.list]\nprofile = 'full'\n"
    )

    assert config.defaults(dlconform, "list", tmp_path) == {"profile": "full"}


def test_config_key_that_is_a_verb_too_is_an_option(tmp_path: Path) -> None:
    """``expect`` is both: only a table is of the verb."""
    write(tmp_path, "[tool.dlconform]\nexpect = 'mine.toml'\n[tool.dlconform.run]\njobs = 1\n")

    assert config.defaults(dlconform, "run", tmp_path) == {"expect": "mine.toml", "jobs": 1}
    assert config.defaults(dlconform, "expect", tmp_path) == {}


@pytest.mark.parametrize("text", [
    "[tool.dlconform]\nprofil = 'quick'\n",
    "[tool.dlconform.rules]\nprofile = 'quick'\n",
])  # fmt: skip
def test_config_refuses_a_key_that_is_no_option(tmp_path: Path, text: str) -> None:
    """A misspelt key is named with its file, and what is allowed is listed."""
    write(tmp_path, text)

    with pytest.raises(Problem) as refused:
        config.defaults(dlconform, "rules", tmp_path)
    assert refused.value.code == "config"
    assert "profil" in str(refused.value)
    assert "format" in refused.value.hint


def test_config_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    """The message has the file's name."""
    write(tmp_path, "[tool.dlconform]\nprofile = \n")

    with pytest.raises(Problem, match=r"pyproject\.toml"):
        config.defaults(dlconform, "list", tmp_path)
