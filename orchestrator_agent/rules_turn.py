"""A turn that the rules serve: what was understood, a question back or a yes, the calls."""

from __future__ import annotations

from orchestrator_agent.conversation import Conversation, Proposal, describe, question
from orchestrator_agent.listener import Listener, Outcome, finished
from orchestrator_agent.terminal import clean

#: So many conditions of one goal are told.
_SHOWN = 5


async def serve(rules: Conversation, listener: Listener, words: str, *, auto: bool, dry_run: bool = False) -> Outcome:
    """Do what the rules read in `words`, after the yes that it needs.

    Args:
        auto: every call is approved; what is in doubt, and what goes against words of the goal, is asked all the same.
        dry_run: nothing is carried out.

    Raises:
        RoadmapError: the roadmap cannot be read.
    """
    proposal = rules.propose(words)
    outcome = Outcome(interpreter="rules", proposal=proposal)
    _tell(listener, outcome, proposal)
    if proposal.goal.ambiguous:
        chosen = await _choose(rules, listener, outcome, proposal)
        if chosen is None:
            return outcome
        outcome.proposal = proposal = chosen
        if chosen.problem:
            _tell(listener, outcome, chosen)
    if proposal.problem:
        outcome.state = "refused"
    elif not proposal.calls:
        outcome.state = "done" if proposal.goal.intent in ("help", "quit") else "not_understood"
    elif dry_run or proposal.dry_run:
        for call in proposal.calls if proposal.plan is None else ():
            said = ", ".join(f"{name}: {clean(str(value), 100)}" for name, value in call.arguments.items())
            listener.line(f"Would do: {call.name.replace('_', ' ')}" + (f" ({said})" if said else ""))
    elif await _approved(listener, outcome, proposal, auto=auto):
        for call, begun in zip(proposal.calls, rules.carry_out(proposal), strict=True):
            result = await finished(begun)
            outcome.add(call, result)
            listener.called(call, result)
    return outcome


def _tell(listener: Listener, outcome: Outcome, proposal: Proposal) -> None:
    lines = [*describe(proposal), *_set_aside(proposal)]
    outcome.text = "\n".join(lines)
    for line in lines:
        listener.line(line)


def _set_aside(proposal: Proposal) -> list[str]:
    """What the goal says that nobody here can keep, in a sentence each."""
    return [clean(condition.said, 300) for condition in proposal.goal.unmet[:_SHOWN]]


def _waiting(outcome: Outcome, proposal: Proposal, asked: str, choices: tuple[str, ...]) -> None:
    """Nobody is there to answer: the question goes out with all that must be known for an answer."""
    outcome.state, outcome.choices = "needs_answer", choices
    outcome.text = " ".join([*_set_aside(proposal), asked])


async def _choose(rules: Conversation, listener: Listener, outcome: Outcome, proposal: Proposal) -> Proposal | None:
    """The proposal for the candidate that the person names, or None."""
    asked = question(proposal)
    choices = [f"{stream.id}: {stream.name}" for stream in proposal.goal.candidates]
    answer = await listener.answer(asked, choices)
    if answer is None:
        _waiting(outcome, proposal, asked, tuple(choices))
        return None
    chosen = rules.choose(proposal, answer) if answer else None
    if chosen is None:
        outcome.state = "declined"
        listener.line("That is none of them; nothing was done." if answer else "Nothing was done.")
    return chosen


async def _approved(listener: Listener, outcome: Outcome, proposal: Proposal, *, auto: bool) -> bool:
    doubtful = proposal.goal.goes_against or proposal.goal.needs_confirmation
    if not proposal.confirm or (auto and not doubtful):
        return True
    asked = question(proposal)
    yes = await listener.approve(proposal.calls, asked)
    if yes is None:
        _waiting(outcome, proposal, asked, ("yes", "no"))
    elif not yes:
        outcome.state = "declined"
        listener.line("Nothing was done.")
    return bool(yes)
