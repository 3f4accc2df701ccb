"""A plan written by an enemy: it is worked through to merged work, nothing escapes, and what is said is harmless."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from support import git, run_orch
from support_work import WORK, everything, is_harmless, make_project, statuses

NAMES = {
    "1.1": "$(touch pwned) `touch pwned`; touch pwned && touch pwned",
    "1.2": "../../etc/passwd",
    "1.3": "\x1b[31mred\x1b[2J\x1b]0;owned\x07\x1b]8;;http://example.invalid\x07",
    "1.4": "x" * 5000,
    "1.5": "🧑‍🚀 a rocket 🚀",
    "1.6": "\u202egnp.exe\u2066 עברית العربية\u2069",
    "1.7": "'; DROP TABLE event; \" {prompt} {prompt_file} %s {0} ${HOME}",
    "1.8": "one\x85two\x9b31mthree\x7f\u2028four\x0bfive",
    "10.1": "-rf --force --exec=touch pwned",
    "10.2": "\ufeff\u200bzero\u200bwidth\ue000",
}
PLAN = "# Roadmap \x1b[1m\n\n## Batch \u202e1: $(touch pwned)\n\n" + "".join(
    f"### Phase {id_}: {name}\n- **Status:** ⚪ Not Started\n- **Effort:** S {name[:40]}\n"
    f"- **Tasks:**\n  - [ ] {name}\n- **Done When:** {name}\n\n"
    for id_, name in NAMES.items()
)
CHECKLIST = "# Todo\n\n" + "".join(f"- [ ] {name}\n" for name in NAMES.values())
READING = 'cat "$ORCH_PROMPT_FILE" > "prompt-$ORCH_WORK_STREAM.md"; git add -A; git commit -qm work'


def is_safe(done: subprocess.CompletedProcess[str]) -> bool:
    return is_harmless(done.stdout) and is_harmless(done.stderr) and "Traceback" not in done.stderr


def all_files(folder: Path) -> set[str]:
    """Files and folders outside of `.orch` and `.git`."""
    return {name for name in everything(folder) if not name.startswith(("repo/.orch", "repo/.git"))}


def test_phases_by_an_enemy_run_to_merged_work(repo: Path, tmp_path: Path) -> None:
    make_project(repo, READING, PLAN)
    before = all_files(tmp_path)
    for words in (["status"], ["why"], ["batch", "--dry-run"]):
        for flags in ([], ["--json"]):
            done = run_orch(repo, *words, *flags)
            assert done.returncode == 0 and is_safe(done), (words, done.stdout, done.stderr)
    done = run_orch(repo, "batch", "-n", "3", timeout=120)
    assert done.returncode == 0 and is_safe(done), done.stdout + done.stderr
    assert statuses(repo) == dict.fromkeys(NAMES, "complete")
    for words in (["status"], ["report"], ["logs", "1.3"], ["verify", "1.6"], ["goal", "how is \x1b[1m1.6 \u202e?"]):
        for flags in ([], ["--json"]):
            assert is_safe(run_orch(repo, *words, *flags)), words
    assert is_safe(run_orch(repo, "doctor")) and is_safe(run_orch(repo, "logs", "1.3", "--raw"))
    assert all_files(tmp_path) - before == {f"repo/prompt-{id_}.md" for id_ in NAMES}
    assert not any(name.endswith("pwned") for name in everything(tmp_path))
    assert NAMES["1.1"] in (repo / "prompt-1.1.md").read_text("utf-8")
    assert is_harmless(git(repo, "log", "--format=%B"))
    first = git(repo, "log", "--format=%H", "--diff-filter=A", "--", "plans/roadmap.md")
    changed = [line for line in git(repo, "diff", "-U0", first, "HEAD", "--", "plans").split("\n") if line[:1] in "+-"]
    assert set(changed[2:]) == {"-- **Status:** ⚪ Not Started", "+- **Status:** ✅ Complete"}


def test_a_prompt_in_an_argument_stays_text(repo: Path, tmp_path: Path) -> None:
    agent = 'printf "%s" "$1" > "prompt-$ORCH_WORK_STREAM.md"; git add -A; git commit -qm work'
    make_project(repo, agent, PLAN, 'prompt = "argument"\n')
    for id_ in ("1.1", "1.7", "10.1"):
        assert run_orch(repo, "run", id_).returncode == 0
        assert NAMES[id_] in (repo / f"prompt-{id_}.md").read_text("utf-8")
    assert not any(name.endswith("pwned") for name in everything(tmp_path))


def test_a_checklist_by_an_enemy_runs_to_merged_work(repo: Path, tmp_path: Path) -> None:
    make_project(repo, READING, CHECKLIST)
    before = all_files(tmp_path)
    found = statuses(repo)
    assert len(found) == len(NAMES)
    done = run_orch(repo, "batch", "-n", "3", timeout=120)
    assert done.returncode == 0 and is_safe(done), done.stdout + done.stderr
    assert set(statuses(repo).values()) == {"complete"}
    new = all_files(tmp_path) - before
    assert len(new) == len(NAMES) and all(name.startswith("repo/prompt-") for name in new)
    assert not any(name.endswith("pwned") for name in everything(tmp_path))
    refs = git(repo, "for-each-ref", "--format=%(refname)")
    assert is_harmless(refs) and ".." not in refs


def test_hostile_ids_never_become_paths_or_refs(repo: Path, tmp_path: Path) -> None:
    make_project(
        repo, WORK, "# Todo\n\n- [ ] T1 ../../up\n- [ ] T2 \u202eback\n- [ ] T/3: slash\n- [ ] T4.lock: lock\n"
    )
    before = all_files(tmp_path)
    done = run_orch(repo, "batch")
    assert done.returncode == 0 and is_safe(done), done.stdout + done.stderr
    new = all_files(tmp_path) - before
    assert len(new) == 4 and all(name.startswith("repo/hello-") and name.count("/") == 1 for name in new)


def test_agents_and_checks_that_print_escapes_are_shown_harmlessly(repo: Path) -> None:
    evil = "\\033]0;owned\\007\\033[31m\\342\\200\\256evil\\r\\302\\233m\\377"
    agent = f"""\
printf '{evil}\\n'; printf '{evil}\\n' >&2
echo x > "$(printf 'a\\033[31m\\342\\200\\256')"; git add -A; git commit -qm x"""
    check = json.dumps(["sh", "-c", f"printf '{evil}\\n'; exit 1"])
    make_project(repo, agent, settings=f'max_attempts = 2\n[checks.commands]\n"\\u001b[1mgate" = {check}\n')
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 1 and is_safe(done), done.stdout
    for words in (["logs", "1.1"], ["logs", "1.1", "--raw"], ["why", "1.1"], ["report"], ["report", "--json"]):
        assert is_safe(run_orch(repo, *words)), words
    for flags in ([], ["--json"]):
        done = run_orch(repo, "verify", "1.1", *flags)
        assert is_safe(done) and "evil" in done.stdout, done.stdout
    assert "evil" in run_orch(repo, "logs", "1.1").stdout


def test_words_of_the_plan_are_never_program_text(repo: Path) -> None:
    make_project(repo, settings="")
    text = (repo / "orch.toml").read_text("utf-8").replace('["sh", ', '["sh", "-c", "echo {prompt}", ')
    (repo / "orch.toml").write_text(text, "utf-8")
    git(repo, "commit", "-qam", "Change")
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 2 and "program text" in done.stderr


def test_names_of_ten_thousand_lines_stay_short_where_they_are_shown(repo: Path) -> None:
    make_project(repo, plan="# Roadmap\n\n" + f"### Phase 1.1: {'word ' * 20_000}\n- **Status:** ⚪ Not Started\n")
    for words in (["status"], ["why"], ["run", "--dry-run"]):
        assert max(map(len, run_orch(repo, *words).stdout.splitlines())) < 400
