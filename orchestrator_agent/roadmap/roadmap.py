"""What one or several plans say, as one list of work streams."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from orchestrator_agent.errors import UnknownWorkStream
from orchestrator_agent.model import WorkStream, same_id
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.sources import is_below

_PREFIX = regex(
    r"(?:phase|work[ _-]?stream|task[ _-]?group|task|milestone|feature|package|story|step|track|epic|issue)[ ._#:-]*|#",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """One plan of a roadmap, for people."""

    path: str
    #: Empty when no work was found.
    format: str
    #: What was taken as a work stream there.
    level: str
    count: int


@dataclass(frozen=True)
class Roadmap:
    """What the plans say."""

    #: Relative to the repository, with "/"; of several plans all, joined by ", ".
    path: str
    #: The name of the format, empty when no work was found; of several plans all, joined by ", ".
    format: str
    #: In the order of the plans.
    work_streams: tuple[WorkStream, ...]
    #: Sentences about what was left out or doubted, most with `path:line`.
    warnings: tuple[str, ...]
    plans: tuple[PlanSummary, ...] = ()
    #: Sentences about what is wrong in the plans themselves.
    errors: tuple[str, ...] = ()

    def owns(self, path: str) -> bool:
        """True for a file that belongs to a plan: orch alone writes it on the target branch."""
        return any(is_below(path, plan.path) for plan in self.plans)

    def get(self, work_stream_id: str) -> WorkStream:
        """The work stream that a person means by "1.2", "Phase 1.2" or "phase-1.2".

        Raises:
            UnknownWorkStream: none has that id; the text names similar ones.
        """
        wanted = " ".join(work_stream_id.split())
        bare = _PREFIX.sub("", wanted, count=1) if _PREFIX.match(wanted) else wanted
        for text in (wanted, bare, f"#{bare}"):
            for stream in self.work_streams:
                if same_id(stream.id, text):
                    return stream
        numbered = [stream for stream in self.work_streams if stream.id.rpartition("-")[2] == bare]
        if len(numbered) == 1 and bare[:1].isdigit():
            return numbered[0]
        raise UnknownWorkStream(self._unknown(wanted, bare))

    def _unknown(self, wanted: str, bare: str) -> str:
        shown = wanted[:60]
        if not self.work_streams:
            return f'There is no work stream "{shown}": {self.path} holds none.'
        ids = {stream.id.casefold(): stream.id for stream in self.work_streams}
        names = {stream.name.casefold()[:60]: stream.id for stream in self.work_streams}
        near = [ids[key] for key in difflib.get_close_matches(bare.casefold()[:60], ids, n=3, cutoff=0.6)]
        near += [names[key] for key in difflib.get_close_matches(bare.casefold()[:60], names, n=2, cutoff=0.6)]
        if near:
            similar = ", ".join(dict.fromkeys(id_[:60] for id_ in near))
            return f'There is no work stream "{shown}" in {self.path}; similar: {similar}.'
        return f'There is no work stream "{shown}" in {self.path}; `orch status` lists them all.'
