"""Words of the rules interpreter: normalised, stemmed, mended, and turned into English."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.languages import to_english
from orchestrator_agent.interpreters.spelling import mend
from orchestrator_agent.interpreters.words import MAX_CHARACTERS, content, fold, normalise, stem


def test_text_is_made_harmless_plain_and_short() -> None:
    assert normalise("  start\t“1.2”\x1b[31m ") == 'start "1.2"␛[31m'
    assert len(normalise("word " * 100_000)) <= MAX_CHARACTERS


def test_names_in_camel_case_are_opened() -> None:
    assert fold("start TaskParser") == "start task parser"


def test_inflections_share_a_stem() -> None:
    assert len({stem(word) for word in ("parse", "parser", "parsing", "parsers")}) == 1
    assert stem("optimisation") == stem("optimization") == stem("optimise")


def test_words_that_say_nothing_are_no_content() -> None:
    assert content("could you please get the parser going for me now") == ["parser"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("stpo eveything", "stop everything"),
        ("strat teh parser adn the bus", "start the parser and the bus"),
        ("verrify 1.2", "verify 1.2"),
        ("explian why", "explain why"),
        ("wht is left", "what is left"),
        # A replaced letter makes another word, and so does one that lacks only its end.
        ("step on it", "step on it"),
        ("form controls", "form controls"),
        ("what would happen", "what would happen"),
        ("stays as it is", "stays as it is"),
    ],
)
def test_slips_in_words_of_the_grammar_are_mended(said: str, meant: str) -> None:
    assert mend(said, lambda word: False) == meant


def test_words_of_the_roadmap_are_no_slips() -> None:
    assert mend("start strat", lambda word: word == "strat") == "start strat"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("starte bitte 1.2", "start please 1.2"),
        ("kannst du bitte mit dem warenkorb anfangen?", "can you please start with the cart?"),
        ("2.1 bitte nicht starten", "don't start 2.1 please"),
        ("alles außer 2.2", "everything except 2.2"),
        ("stopp den produktkatalog", "stop the product catalog"),
        ("ne démarre pas 2.1", "not start not 2.1"),
        ("n'arrête pas 1.2", "stop not 1.2"),
        ("où en est-on ?", "where do we stand ?"),
        ("para todo", "stop everything"),
        ("¿qué falta por hacer?", "what is left for do?"),
        ("除了 4.5 全部运行", "everything run except 4.5"),
        ("不要启动 3.7", "don't start 3.7"),
        ("on lance le frigo", "start the fridge"),
        ("开始做冰箱", "start do fridge"),
    ],
)
def test_other_languages_become_the_english_of_the_grammar(said: str, meant: str) -> None:
    assert " ".join(to_english(said).split()) == meant


@pytest.mark.parametrize("said", ["die on the hill", "start the art service", "an image test", "halt", "1.2", ""])
def test_english_comes_back_unchanged(said: str) -> None:
    assert to_english(said) == said
