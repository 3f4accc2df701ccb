"""Plans that nobody means well by, of any size: what reading them costs, and that it stays an answer.

Each shape repeats one thing that some reader might look at again and again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

_STORE = ".taskmaster/tasks/tasks.json"
_BACKLOG = "backlog/tasks"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of hostile plan."""

    name: str
    #: The plan: a file, or a folder of files.
    path: str
    #: The files of the plan by path, for a number of repetitions.
    files: Callable[[int], dict[str, bytes]]


def _text(name: str, path: str, make: Callable[[int], str]) -> Shape:
    return Shape(name, path, lambda count: {path: make(count).encode()})


def _repeated(name: str, path: str, line: str, begin: str = "", end: str = "") -> Shape:
    """A plan of one line again and again; "{n}" is its number."""
    return _text(name, path, lambda count: begin + "".join(line.format(n=n) for n in range(count)) + end)


def _phases(count: int) -> str:
    """Phases in batches of ten, each of which waits for the one above it in the batch before."""
    lines = ["# Roadmap\n"]
    for number in range(count):
        batch, position = divmod(number, 10)
        needs = f"Phase {batch}.{position + 1}" if batch else "None"
        lines.append(
            f"### Phase {batch + 1}.{position + 1}: Part {number}\n- **Status:** ⚪ Not Started\n"
            f"- **Depends On:** {needs}\n- **Tasks:**\n  - [ ] Write it\n  - [ ] Test it\n- **Effort:** M\n"
        )
    return "\n".join(lines)


def _tasks(count: int) -> str:
    tasks = [
        {"id": n, "title": f"Task {n}", "status": "pending", "dependencies": [n - 1] if n else []} for n in range(count)
    ]
    return json.dumps({"tasks": tasks}, indent=2)


def _task_files(count: int) -> dict[str, bytes]:
    text = "---\nid: TASK-{n}\ntitle: Part {n}\nstatus: To Do\ndependencies: [TASK-{m}]\n---\n\n- [ ] #1 it works\n"
    return {f"{_BACKLOG}/task-{n} - Part.md": text.format(n=n, m=max(0, n - 1)).encode() for n in range(count)}


_NEEDS = '[{{"depends_on_id":"a-{n}0","type":"blocks"}}]'
_ISSUE = '{{"id":"a-{n}","title":"Part {n}","status":"open","dependencies":' + _NEEDS + "}}\n"
_STORY = '{{"id":"US-{n}","title":"Part {n}","passes":false,"priority":{n}}},\n'

SHAPES = (
    _text("phases", "plans/roadmap.md", _phases),
    _repeated("phases without a status", "plans/roadmap.md", "### Phase 1.{n}: Part\n\nProse.\n\n"),
    _repeated("one id again and again", "plans/roadmap.md", "### Phase 1.1: Part\n- **Status:** Blocked\n"),
    _repeated(
        "phases that need all", "plans/roadmap.md", "### Phase {n}: Part\n**Status:** Blocked\n**Depends On:** All\n"
    ),
    _repeated(
        "phases that need a range", "roadmap.md", "### Phase {n}: Part\n**Status:** ⚪\n**Depends On:** 1-99999\n"
    ),
    _repeated(
        "names nobody knows", "roadmap.md", "### Phase {n}: Part\n**Status:** ⚪\n**Depends On:** part x{n}, y{n}\n"
    ),
    _text(
        "one long dependency", "roadmap.md", lambda n: "### Phase 1: A\n**Status:** ⚪\n**Depends On:** " + "1.2, " * n
    ),
    _text("one long name", "roadmap.md", lambda n: "### Phase 1: " + "a - b — (c) **d** " * n + "\n**Status:** Done\n"),
    _repeated("one-line items", "roadmap.md", "⚪ REQ-{n}: Part (Agent: Dev, S, blocked by REQ-{n}0)\n"),
    _repeated("deep headings", "roadmap.md", "###### Phase {n}: Part\n\n# Batch {n}\n\n- [ ] box\n"),
    _repeated("boxes", "TODO.md", "- [ ] Part {n}\n"),
    _repeated("boxes below a heading", "TODO.md", "- [ ] Part {n}\n", "# To do\n"),
    _text(
        "boxes in boxes", "TODO.md", lambda n: "".join(" " * (2 * (k % 200)) + f"- [ ] part {k}\n" for k in range(n))
    ),
    _repeated("boxes that need each other", "TODO.md", "- [ ] T{n} part (depends on T{n}0)\n"),
    _repeated("spec tasks", "specs/001-a/tasks.md", "## Phase {n}: Part\n\n- [ ] T{n} [P] [US1] do src/{n}.py\n\n"),
    _repeated(
        "numbered boxes", ".kiro/specs/a/tasks.md", "- [ ] {n}. Part\n- [x] {n}.1 Step\n  - _Requirements: 1.1_\n"
    ),
    _repeated("groups of boxes", "openspec/changes/a/tasks.md", "## {n}. Part\n\n- [ ] {n}.1 Step\n\n"),
    _repeated(
        "table",
        "PROGRESS.md",
        "| {n} | Part | 🔴 Not Started | {n}0 |\n",
        "| ID | Name | Status | Needs |\n|--|--|--|--|\n",
    ),
    _repeated("tables", "PROGRESS.md", "| ID | Status |\n|--|--|\n| {n} | Done |\n\n"),
    _repeated("tables in groups", "PROGRESS.md", "## {n}. A\n| ID | Status |\n|--|--|\n| a{n} | Done |\n\n", "# A\n"),
    _text("one wide row", "PROGRESS.md", lambda n: "| ID | Status |\n|--|--|\n" + "| a \\| `b" * n + "\n"),
    _repeated(
        "tracks",
        "conductor/tracks.md",
        "- [ ] **Track: Part {n}**\n  *Link: [./tracks/p{n}/](./tracks/p{n}/)*\n\n---\n\n",
    ),
    _repeated("open fences", "TODO.md", "  ```sh\n- [ ] part {n}\n"),
    _repeated("open comments", "TODO.md", "- [ ] part {n} <!-- <!-- -->\n<!-- x\n-->\n"),
    _text("brackets", "TODO.md", lambda n: "- [ ] " + "[" * n + "\n- [" + "x" * n + "\n" + "*_`~(" * n),
    _text("blanks", "TODO.md", lambda n: "- [ ] a" + " " * n + "b\n" + "\n" * n + " " * n + "- [ ] c\n"),
    _text(
        "hashes and dashes", "ROADMAP.md", lambda n: "#" * n + "\n" + "-" * n + "\n" + "# a" + " #" * n + "\n" + "~" * n
    ),
    _repeated("carriage returns", "TODO.md", "- [ ] part {n}\r"),
    _text("tasks", _STORE, _tasks),
    _text("deep JSON", _STORE, lambda n: '{"tasks": ' + "[" * n + "]" * n + "}"),
    _text("deep objects", _STORE, lambda n: '{"tasks":' * n + "1" + "}" * n),
    _text("keys again and again", _STORE, lambda n: '{"tasks": [{' + '"status": "done", ' * n + '"id": 1}]}'),
    _text(
        "escapes", _STORE, lambda n: '{"tasks": [{"id": 1, "title": "' + "\\u00e9\\\\\\n" * n + '", "status": "done"}]}'
    ),
    _text("one long number", _STORE, lambda n: '{"tasks": [{"id": ' + "9" * n + ', "title": "a", "status": "done"}]}'),
    _repeated("issues", ".beads/issues.jsonl", _ISSUE),
    _repeated("broken lines", ".beads/issues.jsonl", '{{"id":"a-{n}","title":"Part\n'),
    _repeated("stories", "prd.json", _STORY, '{"userStories": [\n', '{"id": "US", "title": "Last", "passes": true}]}'),
    _repeated(
        "sprint",
        "_bmad-output/implementation-artifacts/sprint-status.yaml",
        "  1-{n}-part: backlog # why\n",
        "development_status:\n  epic-1: backlog\n",
    ),
    Shape("task files", _BACKLOG, _task_files),
    Shape("one long front matter", _BACKLOG, lambda n: {f"{_BACKLOG}/task-1 - A.md": _front_matter(n)}),
)


def _front_matter(count: int) -> bytes:
    return (
        "---\nid: TASK-1\ntitle: >-\n" + "  word\n" * count + "status: To Do\nlabels:\n" + "  - a\n" * count + "---\n"
    ).encode()
