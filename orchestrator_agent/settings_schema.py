"""What can be set, with its defaults and bounds; docs/settings.md says what each is for.

Plain dataclasses and not pydantic, because every command reads settings and pydantic's import
would cost more than all the rest of `orch status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

Command = tuple[str, ...]
#: Tables by the id of a work stream, or by a pattern of ids. What is in one goes over `[agent]`.
Overrides = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """`[agent]`: which agent does the work, and its limits."""

    #: "claude", "command" or "demo".
    runtime: str = "claude"
    #: For "command": the program and its arguments. `{prompt}` and `{prompt_file}` are replaced.
    command: Command = ()
    #: For "command": how the prompt goes in: "stdin", "argument" or "file".
    prompt: str = "stdin"
    #: For "claude": the program.
    claude_command: Command = ("claude",)
    model: str = ""
    permission_mode: str = "acceptEdits"
    allowed_tools: tuple[str, ...] = ("Bash", "Edit", "Write", "Read")
    #: Work reaches others by verified integration only.
    disallowed_tools: tuple[str, ...] = ("Bash(git push:*)",)
    #: "low" to "max"; empty for its own.
    effort: str = ""
    #: Added to its system prompt.
    append_system_prompt: str = ""
    #: Files or JSON texts that name MCP servers.
    mcp_config: tuple[str, ...] = ()
    #: Folders beside the worktree that it may use.
    add_dirs: tuple[str, ...] = ()
    #: 0 for no limit.
    max_turns: int = 0
    max_budget_usd: float = 0
    #: How long a permission or question waits for a person before it is answered with no. Seconds.
    answer_after_seconds: float = 900
    #: For "demo": the script with the edits, relative to the repository.
    script: str = "demo-script.json"
    #: Wall clock of one agent.
    timeout_seconds: float = 1800
    #: Tries per work stream, the first included.
    max_attempts: int = 3
    #: Between asking a tree of processes to end and killing it.
    stop_grace_seconds: float = 5
    #: Names of further environment variables that agents may see.
    env: tuple[str, ...] = ()
    #: Commit what the agent left uncommitted on its branch, so that it is verified too.
    auto_commit: bool = True


@dataclass(frozen=True, slots=True)
class ChecksSettings:
    """`[checks]`: what proves that work is done."""

    #: "auto" (detected), "none", or a command.
    tests: str | Command = "auto"
    timeout_seconds: float = 900
    #: Further checks by name.
    commands: Mapping[str, str | Command] = field(default_factory=dict)
    #: Paths (globs) whose change needs a person's consent before it lands.
    protected: tuple[str, ...] = (
        "orch.toml",
        ".claude/**",
        ".mcp.json",
        ".github/workflows/**",
        ".gitlab-ci.yml",
        ".ci/**",
        ".pre-commit-config.yaml",
        ".husky/**",
        ".gitmodules",
    )


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """`[workspace]`: what a fresh worktree needs before work or checks start in it."""

    #: Run in every new worktree, or empty.
    setup: Command = ()
    setup_timeout_seconds: float = 600
    #: Files or folders that git does not track, copied from the repository's root.
    copy: tuple[str, ...] = ()
    #: The first port that agents get, and how many each gets.
    port_base: int = 42000
    ports_per_agent: int = 10


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """`[integration]`: how verified work becomes part of the target branch."""

    #: "merge" or "branch" (leave it on its branch).
    policy: str = "merge"
    #: The branch that work lands on; empty for the one that is checked out.
    target: str = ""


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """`[conversation]`: who understands what you say, and its limits."""

    #: "auto" (Claude where there is a key, else the rules), "rules", or "rules-first" (Claude only for what the rules
    #: are not sure about).
    interpreter: str = "auto"
    model: str = "claude-sonnet-5-5"
    #: "low" to "max"; empty for the model's own.
    effort: str = ""
    #: Any server that speaks the Messages API; empty for ANTHROPIC_BASE_URL or Anthropic's own.
    base_url: str = ""
    max_tokens: int = 8000
    #: Answers of the model that one goal may take.
    max_turns: int = 20
    #: US dollars that one goal may cost, by the prices below.
    max_cost_usd: float = 2.0
    #: US dollars for a million tokens: an estimate for the bound above, not a bill.
    price_input: float = 3.0
    price_output: float = 15.0
    #: When what was said is longer, in tokens, it is summed up.
    compact_tokens: int = 150_000
    retries: int = 2
    timeout_seconds: float = 120


@dataclass(frozen=True, slots=True)
class NatsSettings:
    """`[nats]`: control from other programs and machines. Secrets are in files, or in NATS_* variables."""

    #: A server as "nats://HOST:PORT" or "tls://HOST:PORT"; empty for none.
    url: str = ""
    user: str = ""
    #: Files with one secret each, relative to the repository.
    password_file: str = ""
    token_file: str = ""
    credentials_file: str = ""
    nkey_seed_file: str = ""
    #: Certificates of the authority that a server is trusted by; empty for the system's.
    tls_ca: str = ""
    #: What all subjects begin with: one for each repository on a server.
    prefix: str = "orchestrator"
    #: Between reports of state that nothing has changed.
    heartbeat_seconds: float = 15
    #: Use a server on another machine although nobody has to sign in there, or passwords can be read on the way.
    allow_insecure: bool = False

    @property
    def server(self) -> str:
        """What tells this server and prefix from others; without secrets."""
        return f"{self.url} {self.prefix}"


def fits(pattern: str, work_stream_id: str) -> bool:
    """True when the name of a table is this id, or a pattern (`2.*`) that fits it; case does not matter."""
    wanted, name = pattern.casefold(), work_stream_id.casefold()
    return wanted == name or fnmatchcase(name, wanted)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. See docs/settings.md for each."""

    #: The plan, relative to the repository, or several that are read as one; empty to find it.
    roadmap: str | Command = ""
    #: The format of the plan, for when recognising it goes wrong; empty to recognise it.
    roadmap_format: str = ""
    #: Offer all of a plan that states no dependencies, not only its first unfinished group.
    ignore_order: bool = False
    max_concurrent_agents: int = 3
    verify: bool = True
    agent: AgentSettings = field(default_factory=AgentSettings)
    work_streams: Overrides = field(default_factory=dict)
    checks: ChecksSettings = field(default_factory=ChecksSettings)
    workspace: WorkspaceSettings = field(default_factory=WorkspaceSettings)
    integration: IntegrationSettings = field(default_factory=IntegrationSettings)
    conversation: ConversationSettings = field(default_factory=ConversationSettings)
    nats: NatsSettings = field(default_factory=NatsSettings)

    def overrides_of(self, work_stream_id: str) -> dict[str, Any]:
        """What is set for one work stream alone; of several tables that fit, the later goes over the earlier."""
        found: dict[str, Any] = {}
        for pattern, table in self.work_streams.items():
            if fits(pattern, work_stream_id):
                found |= table
        return found

    def agent_for(self, work_stream_id: str) -> AgentSettings:
        """The settings of an agent on one work stream."""
        found = self.overrides_of(work_stream_id)
        return replace(self.agent, **found) if found else self.agent

    def agent_over_all(self, keys: Iterable[str]) -> Settings:
        """These without what tables of work streams say of some keys: a variable or a flag goes over the file."""
        out = set(keys)
        kept = {name: {k: v for k, v in table.items() if k not in out} for name, table in self.work_streams.items()}
        return replace(self, work_streams=kept)


#: What a text may be.
CHOICES: dict[str, tuple[str, ...]] = {
    "agent.runtime": ("claude", "command", "demo"),
    "agent.prompt": ("stdin", "argument", "file"),
    "integration.policy": ("merge", "branch"),
    "conversation.interpreter": ("auto", "rules", "rules-first"),
}
#: Numbers that must be more than 0.
POSITIVE = (
    "max_concurrent_agents",
    "agent.timeout_seconds",
    "agent.max_attempts",
    "agent.answer_after_seconds",
    "checks.timeout_seconds",
    "workspace.setup_timeout_seconds",
    "workspace.ports_per_agent",
    "conversation.max_tokens",
    "conversation.max_turns",
    "conversation.max_cost_usd",
    "conversation.compact_tokens",
    "conversation.timeout_seconds",
    "nats.heartbeat_seconds",
)
