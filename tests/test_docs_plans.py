"""docs/plans.md: its format of one's own works as it stands there, and it names the formats that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from support import ROOT, git, run_orch
from support_work import ask

from orchestrator_agent.roadmap.finding import _FIRST, _LAST
from orchestrator_agent.roadmap.formats import FORMATS

PAGE = (ROOT / "docs" / "plans.md").read_text("utf-8")


def install(folder: Path) -> None:
    """Put the package of the page into a folder, as pip would."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    points = re.search(r'```toml\n\[project\.entry-points\."(.*?)"\]\n(.*?)```', PAGE, re.DOTALL)
    assert code and points
    assert len(code[1].splitlines()) < 60
    (folder / "my_package.py").write_text(code[1])
    info = folder / "my_package-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{points[1]}]\n{points[2].replace(chr(34), '')}")


def test_a_format_of_ones_own(repo: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages)
    (repo / "ROADMAP.md").write_text("Our plan\n\ntodo 1.1 Write it\ndone 1.0 Think\r\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "plan")
    script = (
        f"import sys; sys.path.insert(0, {str(packages)!r})\n"
        "from orchestrator_agent.roadmap import read_plan, write_status\n"
        "from orchestrator_agent.roadmap.sources import WorkingTree\n"
        "from orchestrator_agent.model import WorkStreamStatus as S\n"
        "from pathlib import Path\n"
        "plan = read_plan(WorkingTree(Path('.')), ['ROADMAP.md'])\n"
        "print(plan.format, [(s.id, s.status.value) for s in plan.work_streams])\n"
        "print(write_status(Path('ROADMAP.md').read_bytes(), 'ROADMAP.md', {'1.1': S.COMPLETE}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=repo, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "lines [('1.1', 'not_started'), ('1.0', 'complete')]",
        str(b"Our plan\n\ndone 1.1 Write it\ndone 1.0 Think\r\n"),
    ], done.stderr


def test_without_the_package_the_plan_holds_nothing(repo: Path) -> None:
    (repo / "ROADMAP.md").write_text("todo 1.1 Write it\n")
    (repo / "orch.toml").write_text('roadmap = "ROADMAP.md"\nroadmap_format = "lines"\n')
    done = run_orch(repo, "status")
    assert done.returncode == 2 and 'no plan format "lines"' in done.stderr
    (repo / "orch.toml").write_text('roadmap = "ROADMAP.md"\n')
    assert ask(repo, "roadmap")["plans"] == [{"path": "ROADMAP.md", "format": "", "level": "", "work_streams": 0}]


def test_the_page_names_what_there_is() -> None:
    for format_ in FORMATS:
        assert f"`{format_.name}`" in PAGE
    shown = PAGE.casefold()
    for path in (*_FIRST, *_LAST[:1]):
        assert path.casefold() in shown, path
