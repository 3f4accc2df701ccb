"""What can go wrong, as one tree.

    OrchError                    everything we raise on purpose
    ├── UserError                the user can put it right: one sentence, exit code 2, nothing changed
    │   ├── RepositoryError      git: none, too old, empty, detached, dirty
    │   ├── SettingsError        orch.toml, ORCH_* or a flag
    │   ├── RoadmapError         a plan that cannot be read or written
    │   ├── UnknownWorkStream    an id that the roadmap does not hold
    │   ├── NotAvailable         a work stream that must not start now
    │   └── UnknownAgent         an agent that does not exist
    └── GitError                 a git command of ours failed: a bug, or a repository that is damaged

What an agent does wrong is data (a state, a verdict), never an exception.
"""

from __future__ import annotations


class OrchError(Exception):
    """Everything that Orchestrator raises on purpose."""


class UserError(OrchError):
    """Something the user can put right; the text is one sentence that says how."""


class RepositoryError(UserError):
    """The git repository is missing, too old, empty, detached or has uncommitted changes."""


class SettingsError(UserError):
    """A setting in orch.toml, an ORCH_* variable or a flag cannot be used."""


class RoadmapError(UserError):
    """A plan cannot be read or written."""


class UnknownWorkStream(UserError):
    """The roadmap holds no work stream of that id."""


class NotAvailable(UserError):
    """The work stream must not start now; the text gives the reason."""


class UnknownAgent(UserError):
    """No agent of that id is known."""


class GitError(OrchError):
    """A git command failed.

    Attributes:
        argv: the arguments after `git`.
        code: its exit code.
        stderr: what it said.
    """

    def __init__(self, argv: list[str], code: int, stderr: str) -> None:
        super().__init__(f"git {' '.join(argv)} failed with {code}: {stderr.strip()}")
        self.argv = argv
        self.code = code
        self.stderr = stderr
