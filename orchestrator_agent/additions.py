"""Work that the roadmap lacks: proposed as a change of the plan, and landed as a commit once a person has seen it."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, replace

from orchestrator_agent import git, integration, wishes
from orchestrator_agent.errors import NotAvailable, RepositoryError, RoadmapError
from orchestrator_agent.model import WorkStream
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap.appending import Appended, append
from orchestrator_agent.roadmap.sketches import NewWork
from orchestrator_agent.terminal import clean

#: So often a target that moves meanwhile is followed.
_TRIES = 10


@dataclass(frozen=True, slots=True)
class Addition:
    """A new work stream, and the change of one file that writes it into the plan at the commit `base` of `branch`."""

    branch: str
    base: str
    appended: Appended
    #: Where it has landed; empty before.
    commit: str = ""

    @property
    def work_stream(self) -> WorkStream:
        """The new work stream as it reads."""
        return self.appended.work_stream

    @property
    def diff(self) -> list[str]:
        """The change as a unified diff, as clean lines."""
        before, after = (data.decode("utf-8").splitlines() for data in (self.appended.before, self.appended.after))
        path = self.appended.path
        return [clean(line.rstrip("\n"), 300) for line in difflib.unified_diff(before, after, path, path, n=2)]

    @property
    def says(self) -> list[str]:
        """What is written, wherever it stands and whatever its id: what a person's yes is about."""
        id_ = self.work_stream.id
        return [line.replace(id_, "") for line in self.diff if line[:1] in "+-" and line[1:].strip()]


def propose(project: Project, new: NewWork) -> Addition:
    """The change that adds `new` to the plan. Changes nothing.

    Raises:
        RoadmapError, UnknownWorkStream: the plan cannot take it, or it waits for what is not there.
        NotAvailable: the roadmap has work of that name already.
        RepositoryError: there is no branch to write it on, or the plan has changes that are not committed.
    """
    branch, base = _target(project)
    roadmap = project.roadmap_at(base)
    name = " ".join(new.name.split()).casefold()
    same = next((stream for stream in roadmap.work_streams if stream.name.casefold() == name), None)
    if same is not None:
        raise NotAvailable(f"The roadmap has {clean(str(same), 150)} already; start that, or choose another name.")
    appended = append(project.plans_at(base), project.plan_paths, new, project.settings.roadmap_format)
    if appended.path in project.repository.uncommitted():
        raise RepositoryError(
            f"{appended.path} has changes of yours that are not committed; commit or undo them first."
        )
    return Addition(branch, base, appended)


def land(project: Project, addition: Addition, new: NewWork) -> Addition:
    """Commit an addition on its branch, as it was proposed from `new`; returns it as it landed.

    When somebody else added work meanwhile, it comes behind that and may have the next id. Within a request the commit
    says so, for `landed_as`.

    The branch moves by compare-and-swap, and what a person has not committed stays as it is.

    Raises:
        RepositoryError: something in the working tree is in the way, or the branch keeps moving.
        RoadmapError, UnknownWorkStream, NotAvailable: as `propose`, when the branch has moved.
    """
    for _ in range(_TRIES):
        change = {addition.appended.path: addition.appended.after}
        commit = integration.commit_files(project.repository, addition.base, change, _message(addition))
        landing = integration.land(project.repository, addition.branch, addition.base, commit)
        if not landing.kind:
            return replace(addition, commit=commit)
        if landing.kind != "moved":
            raise RepositoryError(f"The roadmap was not changed: {landing.reason}.")
        moved = propose(project, new)
        if moved.says != addition.says:
            raise RoadmapError("The roadmap was changed by somebody else meanwhile; look at it and add this again.")
        addition = moved
    raise RepositoryError(f"{addition.branch} keeps moving; add this again when it is quieter.")


def _message(addition: Addition) -> str:
    stream, request = addition.work_stream, wishes.request_name()
    trailers = f"\nOrch-Work-Stream: {stream.id}\n{_mark(request)}\n" if request else ""
    return f"Add {stream.id}: {stream.name} to the roadmap\n{trailers}"


def _mark(request: str) -> str:
    return f"Orch-Request: {hashlib.sha256(request.encode()).hexdigest()[:16]}"


def landed_as(project: Project, request: str) -> tuple[str, str] | None:
    """The work stream that landed within a request of this name, with its commit; None when none did.

    Raises:
        RepositoryError: there is no branch that it could be on.
    """
    branch, _ = _target(project)
    shown = "--format=%H %(trailers:key=Orch-Work-Stream,valueonly)"
    argv = ("log", "-1", shown, "--fixed-strings", f"--grep={_mark(request)}", f"refs/heads/{branch}", "--")
    commit, _, stream = project.repository.git(*argv).stdout.strip().partition(" ")
    return (stream, commit) if commit else None


def _target(project: Project) -> tuple[str, str]:
    """The branch that plans are changed on, and its commit.

    Raises:
        RepositoryError: a linked worktree, no commit, or no such branch.
    """
    git.require_main(project.repository)
    git.require_commits(project.repository)
    branch = project.settings.integration.target or project.repository.branch_checked_out()
    if not branch:
        raise RepositoryError("HEAD is detached; check out the branch that work should land on (`git switch main`).")
    base = project.tip(branch)
    if not base:
        raise RepositoryError(f"There is no branch {branch}; create it or correct integration.target in orch.toml.")
    return branch, base
