"""Which words a roadmap has, and where: looked up late, and the same as if all had been looked up at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator_agent.interpreters.matching import Index
from orchestrator_agent.interpreters.vocabulary import NAME, QUALIFIER, TASK, TEXT, Vocabulary
from orchestrator_agent.interpreters.words import content, fold, singular
from orchestrator_agent.model import WorkStream


def streams(*names: str, tasks: tuple[str, ...] = (), description: str = "") -> tuple[WorkStream, ...]:
    return tuple(
        WorkStream(id=f"1.{n}", name=name, tasks=tasks, description=description) for n, name in enumerate(names, 1)
    )


def test_a_word_weighs_by_where_it_stands() -> None:
    found = Vocabulary(streams("Error Recovery in the Parser", tasks=("resume, after slips",), description="Tokens."))
    weights = {word: found.places(word).get(0) for word in ("error", "parser", "resume", "slips", "tokens", "the")}
    assert weights == {
        "error": NAME, "parser": QUALIFIER, "resume": None, "slips": TASK, "tokens": TEXT, "the": None
    }  # fmt: skip


def test_names_are_abbreviated_and_joined() -> None:
    found = Vocabulary(streams("Entity Component System", "Sign-In Page", "ApiGateway"))
    assert found.abbreviated("ecs", 0.9) == {0: 0.9}
    assert found.abbreviated("ec", 0.9) == {0: 0.9}
    assert (list(found.places("signin")), list(found.places("gateway"))) == ([1], [2])
    assert Index(streams("Entity Component System")).knows("ecs")


def test_a_name_of_small_words_only_is_still_a_name() -> None:
    assert list(Vocabulary(streams("About Us", "Parser for us")).places("us")) == [0]


def test_words_that_only_begin_alike_are_told_apart() -> None:
    found = Vocabulary(streams("A", "B", description="cart. carts! cartography"))
    assert (found.stands("cart", 0), found.stands("car", 0)) == (True, False)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.text(max_size=80))
def test_every_word_is_found_where_it_stands(names: list[str], description: str) -> None:
    made = streams(*names, description=description)
    found = Vocabulary(made)
    for word in content(fold(description)):
        assert all(found.places(word).get(n, 0.0) >= TEXT for n in range(len(made)))
        assert all(found.stands(singular(word), n) for n in range(len(made)))
    for position, name in enumerate(names):
        assert all(found.places(word).get(position, 0.0) >= QUALIFIER for word in content(fold(name)))
