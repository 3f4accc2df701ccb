"""Work that is named in a person's own words: synonyms, verbs that are written as one word or two, short plurals."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.references import resolve
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.roadmap import read

NAMES = (
    "Refunds", "Sign in with a Badge", "Outage Log", "Unused Rule Removal", "Speech Transcripts", "Tip Box",
    "Ad Slots", "Fraud Rules", "Stock Levels", "Loan Desk", "Notification Centre", "Nightly Backups",
    "Coordinator", "Load Test", "Version Compare", "Outlier Check", "Rollback", "Questions Page",
)  # fmt: skip
PLAN = "# Kiosk\n\n## Phase 1: All\n\n" + "".join(
    f"### Phase 1.{n}: {name}\n**Status:** {'In Progress' if name == 'Refunds' else 'Not Started'}\n**Effort:** M\n\n"
    for n, name in enumerate(NAMES, 1)
)
ROADMAP = read(PLAN.encode(), "kiosk.md")
WORLD = World.of(ROADMAP.work_streams)


def found(text: str) -> list[str]:
    return [stream.name for stream in resolve(text, WORLD).streams]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("give shoppers their moneyback", "Refunds"),
        ("badge sign-in", "Sign in with a Badge"),
        ("signing in by badge", "Sign in with a Badge"),
        ("survive a blackout", "Outage Log"),
        ("prune dead rules", "Unused Rule Removal"),
        ("dictation and captions", "Speech Transcripts"),
        ("gratuity", "Tip Box"),
        ("ads", "Ad Slots"),
        ("cheaters", "Fraud Rules"),
        ("sold-out items", "Stock Levels"),
        ("borrowing", "Loan Desk"),
        ("buzz the owner", "Notification Centre"),
        ("a copy every night", "Nightly Backups"),
        ("a nanny", "Coordinator"),
        ("peak traffic", "Load Test"),
        ("differences between revisions", "Version Compare"),
        ("weird values", "Outlier Check"),
        ("back to the previous state", "Rollback"),
        ("faq", "Questions Page"),
    ],
)
def test_other_words_for_a_common_feature_find_it(text: str, name: str) -> None:
    assert found(text) == [name]


def test_a_head_noun_at_the_end_of_a_list_counts_for_all_items() -> None:
    plan = PLAN.replace("Outage Log", "Sign in with a Card")
    streams = World.of(read(plan.encode(), "kiosk.md").work_streams)
    assert [s.name for s in resolve("badge and card sign-in", streams).streams] == [NAMES[1], "Sign in with a Card"]


@pytest.mark.parametrize(
    ("goal", "intent"),
    [
        ("refund agent, enough for today", "stop"),
        ("call time on the refunds", "stop"),
        ("refunds, any closer?", "status"),
        ("refund agent takes the tip box", "redirect"),
        ("refund agent over to the backups", "redirect"),
        ("refund agent ought to do the backups", "redirect"),
        ("refund agent: drop that, go do the backups", "redirect"),
        ("refunds: nearly there?", "status"),
        ("tip box: any snags?", "status"),
        ("give the refund agent the evening off", "stop"),
        ("psst, refunds: cents are whole numbers", "feedback"),
        ("what stops us from doing the refunds", "explain"),
        ("help customers compare versions", "run"),
        ("how many spoons fit in a jar", "none"),
        ("how do I get rid of a cold", "none"),
        ("how many are left", "status"),
        ("keep the outage log through a crash", "run"),
        ("keep your hands off the outage log", "none"),
        ("stop customers cheating", "run"),
    ],
)
def test_what_is_asked_in_other_words(goal: str, intent: str) -> None:
    assert interpret_goal(goal, ROADMAP).intent == intent


def test_agents_that_do_something_are_no_number_of_agents() -> None:
    assert "max_agents" not in interpret_goal("two agents fighting over the stock levels", ROADMAP).parameters
    assert interpret_goal("stock levels with two agents", ROADMAP).parameters == {"max_agents": 2}
