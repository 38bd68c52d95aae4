"""Usage topics: the code that is shown is the code that runs, and only answers come out."""

from __future__ import annotations

import library_sources
import pytest
from dlpack_conformance import modules
from dlpack_conformance.libraries import Usage
from dlpack_conformance.libraries._shared import usage

LIBRARIES = library_sources.installed()
USAGES = [(name, topic) for name, library in LIBRARIES.items() for topic in library.usages()]
TYPES = {"Flag": bool, "Text": str}


@pytest.fixture(params=USAGES, ids=lambda made: f"{made[0]}-{made[1].topic}-{made[1].variant}")
def topic(request: pytest.FixtureRequest) -> Usage:
    """Return one usage topic."""
    return request.param[1]


def test_answers_are_facts_of_their_type(topic: Usage) -> None:
    """Each answer is a fact of the group answer, and nothing raised."""
    types = {row["spelled"]: TYPES.get(row["type"]) for row in modules().core.facts()}
    answers = topic.run()

    assert answers
    assert "answer.error" not in answers
    assert all(name.startswith("answer.") for name in answers)
    assert all(type(value) is types[name] for name, value in answers.items())


def test_answers_are_the_same_the_second_time(topic: Usage) -> None:
    """A topic makes its own arrays, so that it can run again."""
    assert topic.run() == topic.run()


def test_exception_of_the_shown_code_is_the_answer() -> None:
    """What the shown lines raise comes out as class and message."""
    failing = usage("topic", "variant", "x = 1\nx.missing", dict, lambda scope: {})

    assert failing.run() == {
        "answer.error": "AttributeError",
        "answer.message": "'int' object has no attribute 'missing'",
    }


def test_topics_are_named_once(topic: Usage) -> None:
    """Topic and variant name one usage of a library."""
    names = [(name, other.topic, other.variant) for name, other in USAGES]

    assert sum(name[1:] == (topic.topic, topic.variant) for name in names) == len(
        {name[0] for name in names if name[1:] == (topic.topic, topic.variant)}
    )
