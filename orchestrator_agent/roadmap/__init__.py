"""Plans: found, read, and written back with nothing but a status changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator_agent.errors import RoadmapError, UnknownWorkStream
from orchestrator_agent.model import WorkStream, WorkStreamStatus, id_key, same_id
from orchestrator_agent.roadmap import finding
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.checklist import Checklist
from orchestrator_agent.roadmap.document import Document, apply, scan
from orchestrator_agent.roadmap.phases import Phases
from orchestrator_agent.roadmap.plan_format import Found, PlanFormat

#: All formats; the first that finds work in a file is the file's.
FORMATS: tuple[PlanFormat, ...] = (Phases(), Checklist())

_PREFIX = re.compile(
    r"(?:phase|work[ _-]?stream|task[ _-]?group|task|milestone|feature|package|story|step|track|epic|issue)[ ._#:-]*|#",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Roadmap:
    """What one plan file says."""

    #: Relative to the repository, with "/".
    path: str
    #: The name of the format, empty when no work was found.
    format: str
    #: In the order of the file.
    work_streams: tuple[WorkStream, ...]
    #: Sentences about what was left out or doubted, most with `path:line`.
    warnings: tuple[str, ...]

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


def read(data: bytes, path: str) -> Roadmap:
    """The roadmap in `data`, the content of the file at `path`.

    A file without work gives a roadmap without work streams and a warning that says so.

    Raises:
        RoadmapError: not a text in UTF-8, or over 10 MB.
    """
    document = scan(data, path)
    format_, found = _read(document)
    warnings = (*document.warnings, *found.warnings)
    if format_ is None:
        warnings += (f"{path} holds no work streams: no phase with a status and no list of boxes was found.",)
    return Roadmap(path, format_.name if format_ else "", found.work_streams, warnings)


def _read(document: Document) -> tuple[PlanFormat | None, Found]:
    for format_ in FORMATS:
        if format_.recognise(document):
            found = format_.read(document)
            if found.work_streams:
                return format_, found
    return None, Found()


def write_status(data: bytes, path: str, changes: Mapping[str, WorkStreamStatus]) -> bytes:
    """`data` with the markers of some work streams changed, every other byte as it was.

    Args:
        changes: new status by work stream id, in any spelling that `Roadmap.get` accepts.

    Raises:
        RoadmapError: as `read`; or a status has no place in the file, or the result would not read back as wanted.
        UnknownWorkStream: an id is not in the file.
    """
    document = scan(data, path)
    format_, found = _read(document)
    before = Roadmap(path, format_.name if format_ else "", found.work_streams, ())
    wanted = {before.get(id_).id: status for id_, status in changes.items()}
    status_of = {stream.id: stream.status for stream in before.work_streams}
    edits_for = {id_: status for id_, status in wanted.items() if status_of[id_] is not status}
    if format_ is None or not edits_for:
        return data
    result = apply(document.text, format_.write(document, found, edits_for)).encode("utf-8")
    after = read(result, path)
    if after.format != before.format or not _differ_only_in(before.work_streams, after.work_streams, edits_for):
        ids = ", ".join(id_[:40] for id_ in edits_for)
        raise RoadmapError(f"Writing the status of {ids} into {path} would change more than that; edit it yourself.")
    return result


def _differ_only_in(
    before: tuple[WorkStream, ...], after: tuple[WorkStream, ...], changes: Mapping[str, WorkStreamStatus]
) -> bool:
    if len(before) != len(after):
        return False
    return all(_is_as_wanted(old, new, changes.get(old.id)) for old, new in zip(before, after, strict=True))


def _is_as_wanted(old: WorkStream, new: WorkStream, status: WorkStreamStatus | None) -> bool:
    if status is None:
        return old == new
    expected = replace(old, status=status, blocked_reason=new.blocked_reason)
    if old.status is WorkStreamStatus.BLOCKED and set(new.depends_on) <= set(old.depends_on):
        # "Blocked by Phase 1.1" names a dependency inside the marker itself.
        expected = replace(expected, depends_on=new.depends_on, satisfied=new.satisfied)
    return expected == new


def find_plan(root: Path, configured: str = "") -> str:
    """The plan of the repository at `root`, relative to it.

    Args:
        configured: the path that the settings give, or empty to look where plans usually lie.

    Raises:
        RoadmapError: there is none, it cannot be read, or the configured one is absent or outside the repository.
    """
    if configured:
        return finding.check(root, configured)
    problems: list[str] = []
    for relative in finding.candidates(root):
        try:
            if read(finding.load(root / relative, relative), relative).work_streams:
                return relative
            problems.append(f"No work streams were found in {relative}; name another roadmap or run `orch init`.")
        except RoadmapError as error:
            problems.append(str(error))
    if problems:
        raise RoadmapError(problems[0])
    raise RoadmapError("No roadmap was found; name one in orch.toml or run `orch init`.")


def find_plans(root: Path) -> list[str]:
    """All plans under `root` in which work streams were found, relative to it, the likeliest first."""
    return [relative for relative in dict.fromkeys(finding.candidates(root)) if _holds_work(root, relative)]


def _holds_work(root: Path, relative: str) -> bool:
    try:
        return bool(read(finding.load(root / relative, relative), relative).work_streams)
    except RoadmapError:
        return False


def parse_roadmap(path: str | Path | None = None) -> list[WorkStream]:
    """The work streams of a plan, in the order of the file.

    Args:
        path: the plan; None finds the one of the current directory.

    Raises:
        RoadmapError: there is no plan, or it cannot be read.
    """
    shown = find_plan(Path.cwd()) if path is None else str(path)
    return list(read(finding.load(Path(shown), shown), Path(shown).as_posix()).work_streams)


def get_available_work_streams(path: str | Path | None = None) -> list[WorkStream]:
    """The work streams of a plan that may start now by what it says, in the order in which they are taken.

    Raises:
        RoadmapError: as `parse_roadmap`.
    """
    streams = parse_roadmap(path)
    may = availability(streams)
    return order(stream for stream in streams if may[stream.id].available)


def order(streams: Iterable[WorkStream]) -> list[WorkStream]:
    """The order in which work is taken: priority first, then by the numbers of the ids, else as the plan has it."""
    given = list(streams)
    numbered = all(_NUMBERED.match(stream.id) for stream in given)
    return sorted(given, key=lambda stream: (not stream.priority, id_key(stream.id) if numbered else ()))


#: "1.2", "T001", "REQ-7"; ids that were made from names start with a word.
_NUMBERED = re.compile(r"[A-Za-z]{0,10}[-_#]?\d")
