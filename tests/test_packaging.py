"""What is built is what is meant: one package, its texts with it, light to import, pinned from public places."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, git

HEAVY = {"anthropic", "asyncio", "mcp", "nats", "prompt_toolkit", "pydantic", "rapidfuzz", "sqlite3", "subprocess"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target), cwd=ROOT)
    (built,) = target.glob("*.whl")
    return built


def run(*argv: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_holds_one_package_and_its_texts(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"orchestrator_agent"}
    data = {path.relative_to(ROOT).as_posix() for path in package_files() if path.suffix != ".py"}
    assert any(name.startswith("orchestrator_agent/prompts/") and name.endswith(".md") for name in data)
    assert "orchestrator_agent/py.typed" in data
    assert data <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def package_files() -> Iterator[Path]:
    for path in (ROOT / "orchestrator_agent").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def test_wheel_runs_where_nothing_else_is_installed(wheel: Path, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    place = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(place), cwd=tmp_path, env=env)
    python = str(place / "bin" / "python")
    install = ("install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", str(wheel))
    run(sys.executable, "-m", "pip", "--python", python, *install, cwd=tmp_path, env=env)
    assert version_in(wheel) in run(str(place / "bin" / "orch"), "--version", cwd=tmp_path, env=env)
    assert version_in(wheel) in run(python, "-m", "orchestrator_agent", "--version", cwd=tmp_path, env=env)
    where = "import orchestrator_agent as o; [getattr(o, n) for n in o.__all__]; print(o.__file__)"
    env["PYTHONPATH"] = sysconfig.get_path("platlib")  # the dependencies only: .pth files there are not read
    assert run(python, "-c", where, cwd=tmp_path, env=env).startswith(str(place.resolve()))


def version_in(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def test_importing_the_package_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import orchestrator_agent; print(*set(sys.modules) - before)"
    loaded = run(sys.executable, "-c", code, cwd=tmp_path).split()
    assert "orchestrator_agent" in loaded
    assert HEAVY & {name.partition(".")[0] for name in loaded} == set()
    assert [name for name in loaded if name.startswith("orchestrator_agent.")] == ["orchestrator_agent.version"]


def test_every_public_name_is_there() -> None:
    import orchestrator_agent

    for name in orchestrator_agent.__all__:
        assert getattr(orchestrator_agent, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'orchestrate'"):
        _ = orchestrator_agent.orchestrate


@pytest.mark.parametrize("name", ["tools", "prompts"])
def test_root_links_lead_into_the_package(name: str) -> None:
    link = ROOT / name
    assert link.is_symlink()
    assert link.readlink() == Path("orchestrator_agent") / name
    assert link.is_dir()


def test_lock_and_requirements_agree_and_come_from_public_places() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = {package["name"]: package for package in lock["package"] if package["name"] != "orchestrator-agent"}
    sources = {source for package in locked.values() for source in package["source"].items()}
    assert sources == {("registry", "https://pypi.org/simple")}
    for package in locked.values():
        assert all(file["url"].startswith("https://files.pythonhosted.org/") for file in files_of(package))
    hashes = {name: {file["hash"] for file in files_of(package)} for name, package in locked.items()}
    assert requirements() == {name: (package["version"], hashes[name]) for name, package in locked.items()}


def files_of(package: dict[str, Any]) -> list[dict[str, str]]:
    return [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]


def requirements() -> dict[str, tuple[str, set[str]]]:
    text = (ROOT / "requirements-dev.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    found = {}
    for line in lines:
        name, version = re.split(r"==|[ ;]", line)[:2]
        found[name] = (version, set(re.findall(r"--hash=(\S+)", line)))
    return found


def test_lock_knows_the_declared_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (own,) = [p for p in tomllib.loads((ROOT / "uv.lock").read_text())["package"] if p["name"] == "orchestrator-agent"]
    needed, extras = project["project"]["dependencies"], project["project"]["optional-dependencies"]
    assert joined(own["metadata"]["requires-dist"]) == {*needed, *(item for some in extras.values() for item in some)}
    assert joined(own["metadata"]["requires-dev"]["dev"]) == set(project["dependency-groups"]["dev"])


def joined(requirements: list[dict[str, Any]]) -> set[str]:
    return {item["name"] + _extras(item.get("extras", [])) + item["specifier"] for item in requirements}


def _extras(names: list[str]) -> str:
    return f"[{','.join(names)}]" if names else ""


MACHINE_PATH = re.compile(rb"(?<![\w.~$}*-])/(?:root|work|home/\w+|Users/\w+)/\w")


def test_no_file_names_a_path_of_one_machine() -> None:
    assert MACHINE_PATH.search(b'run "/' + b'root/x"')
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    paths = [ROOT / name for name in names if name]
    texts = {path: path.read_bytes() for path in paths if path.is_file() and not path.is_symlink()}
    own = os.fsencode(ROOT) + b"/"
    assert [str(path) for path, text in texts.items() if MACHINE_PATH.search(text) or own in text] == []
