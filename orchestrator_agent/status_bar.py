"""The line below the chat: who is at work, what waits for the person, limits, and what the talk has cost."""

from __future__ import annotations

from orchestrator_agent.interpreters.claude import Usage
from orchestrator_agent.model import AgentRecord, AgentState
from orchestrator_agent.project import Project
from orchestrator_agent.settings import ConversationSettings
from orchestrator_agent.terminal import clean

_FEW = 3


def bar(project: Project, usage: Usage, *, why_offline: str = "", busy: bool = False, asked: bool = False) -> str:
    """One clean line.

    Args:
        why_offline: who understands the person, where that is not Claude.
        busy: a turn runs.
        asked: a question waits for an answer.
    """
    agents = [facts.record for facts in project.store.live_agents()]
    at_work = _some("at work", [agent.work_stream_id for agent in agents]) or "nobody at work"
    parts = [f"{at_work} (at most {project.settings.max_concurrent_agents})"]
    held = [name for name, result in project.store.last_results().items() if result.outcome == "held"]
    waits = [*(["an answer"] if asked else []), *held]
    if waits:
        parts.append("waits for you: " + _few(waits))
    parts += [f"{clean(a.work_stream_id, 20)} waits: {clean(a.reason or '', 60)}" for a in _waiting(agents)[:_FEW]]
    parts.append(usage_text(usage, project.settings.conversation) if usage.requests else why_offline)
    if busy and not asked:
        parts.append("a turn runs, Ctrl-C drops it")
    return " · ".join(part for part in parts if part)


def usage_text(usage: Usage, settings: ConversationSettings) -> str:
    """What requests to the model took: tokens, the share of them that came from the cache, dollars."""
    tokens = f"{_short(usage.context)} tokens in ({usage.hit_rate:.0%} from cache), {_short(usage.output)} out"
    return f"{tokens}, {usage.cost(settings):.2f} USD"


def _waiting(agents: list[AgentRecord]) -> list[AgentRecord]:
    return [agent for agent in agents if agent.state is AgentState.WAITING]


def _some(what: str, names: list[str]) -> str:
    return f"{len(names)} {what}: {_few(names)}" if names else ""


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(clean(name, 20) for name in names[:_FEW]) + more


def _short(count: int) -> str:
    return str(count) if count < 1000 else f"{count / 1000:.1f}k"
