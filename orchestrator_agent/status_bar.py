"""The line below the chat: who is at work, what waits for the person, limits, and what the talk has cost."""

from __future__ import annotations

from orchestrator_agent import reins
from orchestrator_agent.interpreters.claude import Usage
from orchestrator_agent.listener import Outcome
from orchestrator_agent.model import AgentRecord, AgentState
from orchestrator_agent.project import Project
from orchestrator_agent.savings import Saved
from orchestrator_agent.settings import ConversationSettings
from orchestrator_agent.terminal import clean, plural

_FEW = 3


def bar(
    project: Project,
    usage: Usage,
    *,
    saved: Saved | None = None,
    why_offline: str = "",
    busy: bool = False,
    asked: bool = False,
) -> str:
    """One clean line.

    Args:
        saved: what the rules spared in this talk, where they come first.
        why_offline: who understands the person, where that is not Claude.
        busy: a turn runs.
        asked: a question waits for an answer.
    """
    agents = [facts.record for facts in project.store.live_agents()]
    at_work = _some("at work", [agent.work_stream_id for agent in agents]) or "nobody at work"
    parts = [f"{at_work} (at most {project.settings.max_concurrent_agents})"]
    held = [name for name, result in project.store.last_results().items() if result.outcome == "held"]
    unheard = [f"{facts.record.work_stream_id} (stuck)" for facts, _ in reins.stuck(project)]
    waits = [*(["an answer"] if asked else []), *held, *unheard]
    if waits:
        parts.append("waits for you: " + _few(waits))
    parts += [f"{clean(a.work_stream_id, 20)} waits: {clean(a.reason or '', 60)}" for a in _waiting(agents)[:_FEW]]
    parts.append(usage_text(usage, project.settings.conversation) if usage.requests else why_offline)
    if saved is not None and saved.turns:
        parts.append(f"{plural(saved.turns, 'turn')} by the rules {saved_text(saved)}")
    if busy and not asked:
        parts.append("a turn runs, Ctrl-C drops it")
    return " · ".join(part for part in parts if part)


def usage_text(usage: Usage, settings: ConversationSettings) -> str:
    """What requests to the model took: tokens, the share of them that came from the cache, dollars."""
    tokens = f"{_short(usage.context)} tokens in ({usage.hit_rate:.0%} from cache), {_short(usage.output)} out"
    return f"{tokens}, {usage.cost(settings):.2f} USD"


def saved_text(saved: Saved) -> str:
    """What turns by the rules spared."""
    return f"saved about {_short(saved.tokens)} tokens, {saved.cost_usd:.2f} USD"


def turn_text(outcome: Outcome, settings: ConversationSettings) -> str:
    """What a turn took of the model, or spared; empty where it was never to be asked."""
    if outcome.usage.requests:
        return f"{plural(outcome.usage.requests, 'request')}: {usage_text(outcome.usage, settings)}"
    return f"the rules served this and {saved_text(outcome.saved)}" if outcome.saved.turns else ""


def _waiting(agents: list[AgentRecord]) -> list[AgentRecord]:
    return [agent for agent in agents if agent.state is AgentState.WAITING]


def _some(what: str, names: list[str]) -> str:
    return f"{len(names)} {what}: {_few(names)}" if names else ""


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(clean(name, 20) for name in names[:_FEW]) + more


def _short(count: int) -> str:
    return str(count) if count < 1000 else f"{count / 1000:.1f}k"
