"""Stores of other tools are read in place: what is work, how far it is, what it waits for."""

from __future__ import annotations

import json

import pytest
from support_stores import PLANS, TREE, memory, offered, plan, stream, why

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus as S
from orchestrator_agent.roadmap import read_plan
from orchestrator_agent.roadmap.sources import Memory


@pytest.mark.parametrize(("path", "name"), PLANS.items())
def test_each_store_is_recognised(path: str, name: str) -> None:
    roadmap = plan(path)
    assert (roadmap.format, roadmap.errors) == (name, ())
    assert roadmap.plans[0].level in ("tasks", "stories", "issues", "task files")


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("tasks.json", "2 3 9"),
        ("tagged.json", "2"),
        ("prd.json", "HE-002"),
        ("stories_with_needs.json", "S2"),
        ("feature_list.json", "a-keeper-can-log-out"),
        ("issues.jsonl", "av-1.2 av-11"),
        ("backlog/tasks", "BIRD-2 BIRD-4"),
        ("backlog", "BIRD-2 BIRD-4"),
        ("epics/aviary", "002 1234"),
        ("epics", "aviary:002 aviary:1234 feeding:001"),
    ],
)
def test_what_is_offered(path: str, ids: str) -> None:
    assert offered(plan(path)) == ids.split()


# Task Master


def test_task_master_tells_all_of_a_task() -> None:
    task = stream("tasks.json", "1")
    assert (task.name, task.status, task.priority) == ("Ring register", S.COMPLETE, True)
    assert task.description.startswith("Keep ring numbers") and "Numbers are text" in task.description
    assert task.done_when == "Register 0071 and 71, read both back."
    assert task.source is not None and (task.source.first_line, task.source.last_line) == (3, 12)
    assert stream("tasks.json", "2").tasks == ("Table of sightings", "Form for sightings")
    assert stream("tasks.json", "2").name == "Sightings — café list"
    assert stream("tasks.json", "9").effort == "16"


def test_task_master_statuses() -> None:
    statuses = {stream.id: stream.status for stream in plan("tasks.json").work_streams}
    assert statuses["5"] is S.BLOCKED and why("tasks.json", "5").reason == "is blocked: deferred"
    assert (statuses["6"], statuses["8"]) == (S.IN_PROGRESS, S.CANCELLED)


def test_a_number_is_never_read_as_a_number() -> None:
    """3.1 and 3.10 differ, and so do 24.02 and 24.2, with or without quotes."""
    text = '{"tasks": [{"id": 3.1, "title": "a", "status": "done"}, {"id": 3.10, "title": "b", "dependencies": [3.1]}]}'
    first, second = read_plan(memory("tasks.json", text), ["tasks.json"]).work_streams
    assert (first.id, second.id, second.depends_on) == ("3.1", "3.10", ("3.1",))


def test_a_dependency_on_a_subtask_counts_by_the_subtask() -> None:
    assert stream("tasks.json", "3").satisfied == ("2.1",)
    assert why("tasks.json", "4").kind == "unknown_dependency"
    text = '{"tasks": [{"id": 1, "title": "a", "status": "done", "subtasks": [{"id": 1, "status": "pending"}]}, \
        {"id": 2, "title": "b", "status": "pending", "dependencies": ["1.1"]}]}'
    assert offered(read_plan(memory("tasks.json", text), ["tasks.json"])) == ["2"]


def test_the_same_id_in_two_tags() -> None:
    assert [s.id for s in plan("tagged.json").work_streams] == ["1", "2", "winter:1", "winter:2", "winter:3"]
    assert stream("tagged.json", "winter:2").depends_on == ("winter:1",)
    assert stream("tagged.json", "winter:1").batch == "winter"


def test_what_has_no_status_is_not_offered() -> None:
    assert why("tagged.json", "winter:3").reason == "is blocked: it has no status"


def test_an_unknown_word_blocks() -> None:
    text = '{"tasks": [{"id": 1, "title": "a", "status": "spec_ready"}]}'
    (task,) = read_plan(memory("tasks.json", text), ["tasks.json"]).work_streams
    assert (task.status, task.blocked_reason) == (S.BLOCKED, 'its status is "spec_ready"')


def test_an_open_task_whose_subtasks_are_all_done_is_doubted() -> None:
    text = '{"tasks": [\n{"id": 1, "title": "a", "status": "pending", "subtasks": [{"id": 1, "status": "done"}]}]}'
    roadmap = read_plan(memory("tasks.json", text), ["tasks.json"])
    assert roadmap.warnings == ("tasks.json:2: 1 is open, but all its subtasks are done.",)
    assert roadmap.work_streams[0].status is S.NOT_STARTED


def test_an_id_that_stands_twice_is_an_error_and_not_offered() -> None:
    tasks = [{"id": number, "title": "t", "status": "pending"} for number in (1, 2, 1)]
    roadmap = read_plan(memory("tasks.json", json.dumps({"tasks": tasks}, indent=1)), ["tasks.json"])
    assert roadmap.errors == ("tasks.json:13: 1 stands twice; the one at tasks.json:3 counts.",)
    assert offered(roadmap) == ["2"]


@pytest.mark.parametrize(
    "text",
    [
        '{"tasks": {"title": "Aufgaben", "empty": "Nichts zu tun"}}',  # a translation
        '{"version": "2.0.0", "tasks": [{"label": "build", "type": "shell"}]}',  # a task runner
        '{"tasks": []}',
        '{"features": ["a", "b"], "passes": true}',
        '{"name": "app", "stories": [{"title": "x"}]}',
        '[{"description": "x"}]',
        '"tasks"',
    ],
)
def test_json_that_is_no_plan_holds_no_work(text: str) -> None:
    assert read_plan(memory("tasks.json", text), ["tasks.json"]).work_streams == ()


# Ralph's stories and feature lists


def test_the_priority_is_the_order_where_no_story_names_what_it_needs() -> None:
    roadmap = plan("prd.json")
    assert [(s.id, s.step) for s in roadmap.work_streams] == [
        ("HE-003", 2),
        ("HE-001", 0),
        ("HE-002", 1),
        ("HE-004", 3),
    ]
    assert why("prd.json", "HE-003").kind == "order"


def test_stories_that_name_what_they_need_have_no_order() -> None:
    assert {s.step for s in plan("stories_with_needs.json").work_streams} == {None}
    assert stream("stories_with_needs.json", "S3").depends_on == ("S2",)


def test_criteria_of_stories() -> None:
    assert stream("prd.json", "HE-003").done_when == "Level in centimetres\nTypecheck passes"
    assert stream("prd.json", "HE-001").done_when == "Reads every minute"


def test_a_story_that_says_done_and_does_not_pass_is_not_offered() -> None:
    text = '[{"id": "A", "title": "a", "passes": false, "status": "done"}]'
    (story,) = read_plan(memory("prd.json", text), ["prd.json"]).work_streams
    assert (story.status, story.blocked_reason) == (S.BLOCKED, 'its status is "done", but it does not pass')


def test_ids_of_features_do_not_depend_on_their_place() -> None:
    features = [{"description": name, "passes": False} for name in ("Log in", "Log out")]
    ids = []
    for listed in (features, features[::-1]):
        roadmap = read_plan(memory("feature_list.json", json.dumps(listed)), ["feature_list.json"])
        ids.append({s.name: s.id for s in roadmap.work_streams})
    assert ids[0] == ids[1]


# Beads


def test_epics_and_parents_are_not_offered() -> None:
    assert why("issues.jsonl", "av-1").kind == "container"
    issues = '{"id":"x","title":"p","status":"open"}\n{"id":"x.1","title":"c","status":"%s"}\n'
    for status, kind in (("open", "container"), ("closed", "")):
        roadmap = read_plan(memory("issues.jsonl", issues % status), ["issues.jsonl"])
        assert ("x" in offered(roadmap)) is (kind == "")


def test_deleted_issues_and_messages_are_no_work() -> None:
    ids = [s.id for s in plan("issues.jsonl").work_streams]
    assert "av-old" not in ids and "av-9" not in ids
    assert stream("issues.jsonl", "av-1.3").satisfied == ("av-old",)


def test_only_blocking_kinds_of_dependencies_count() -> None:
    assert stream("issues.jsonl", "av-1.3").depends_on == ("av-1.2", "av-old")
    assert stream("issues.jsonl", "av-1.2").depends_on == ("av-1.1",)


@pytest.mark.parametrize(
    ("id_", "reason"),
    [
        ("av-6.1", "is part of av-6, which is blocked: deferred"),  # its parent is put off
        ("av-7", 'waits for "external:zoo:gate", which the roadmap does not hold'),
        ("av-8", 'waits for "a failure of av-7", which the roadmap does not hold'),
        ("av-5", "is claimed by wren"),
    ],
)
def test_why_an_issue_waits(id_: str, reason: str) -> None:
    assert why("issues.jsonl", id_).reason == reason


def test_what_blocks_an_epic_blocks_its_children() -> None:
    text = (
        '{"id":"e","title":"t","status":"open","issue_type":"epic","dependencies":[{"depends_on_id":"n"}]}\n'
        '{"id":"e.1","title":"t","status":"open"}\n{"id":"e.1.1","title":"t","status":"open"}\n'
        '{"id":"n","title":"t","status":"%s"}\n'
    )
    assert offered(read_plan(memory("i.jsonl", text % "open"), ["i.jsonl"])) == ["n"]
    assert offered(read_plan(memory("i.jsonl", text % "closed"), ["i.jsonl"])) == ["e.1.1"]


def test_an_issue_that_is_put_off_to_a_date_waits() -> None:
    assert "2031-01-01" in why("issues.jsonl", "av-12").reason


def test_issues_tell_effort_group_and_criteria() -> None:
    issue = stream("issues.jsonl", "av-1.2")
    assert (issue.effort, issue.batch, issue.done_when, issue.priority) == ("90 min", "Aviary", "They stand", True)


# BMAD


def test_epics_and_retrospectives_are_no_stories() -> None:
    assert [s.id for s in plan("sprint-status.yaml").work_streams] == [
        *("1-1-gauge-reader", "1-2-store-readings", "1-3-show-the-level"),
        *("2-1-warn-by-mail", "2-2a-warn-by-phone", "2-10-quiet-hours"),
    ]


def test_stories_come_one_after_the_other_and_deferred_ones_hold_nothing_up() -> None:
    text = "development_status:\n  1-1-a: done\n  1-2-b: deferred\n  1-3-c: backlog\n  1-4-d: backlog\n"
    assert offered(read_plan(memory("s.yaml", text), ["s.yaml"])) == ["1-3-c"]


def test_a_story_file_is_named_where_there_is_one() -> None:
    text = b"story_location: docs\ndevelopment_status:\n  1-1-a: ready-for-dev\n  1-2-b: backlog\n"
    files = Memory({"s.yaml": text, "docs/1-1-a.md": b"# Story"})
    first, second = read_plan(files, ["s.yaml"]).work_streams
    assert ("docs/1-1-a.md" in first.description, second.description) == (True, "")


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("docs/stories", "docs/stories"),
        ('"{project-root}/docs/stories/"', "docs/stories"),
        ("/srv/wren/heronry/out/plans", "out/plans"),
        ("/srv/wren/elsewhere", None),
        ("../docs/stories", None),
    ],
)
def test_stories_lie_below_the_root(location: str, found: str | None) -> None:
    text = f"story_location: {location}\ndevelopment_status:\n  1-1-a: backlog\n".encode()
    files = {"out/plans/s.yaml": text, "docs/stories/1-1-a.md": b"# Story", "out/plans/1-1-a.md": b"# Story"}
    files |= {"../docs/stories/1-1-a.md": b"#", "/srv/wren/elsewhere/1-1-a.md": b"#"}
    (story,) = read_plan(Memory(files), ["out/plans/s.yaml"]).work_streams
    assert story.description == (f"The story is told in `{found}/1-1-a.md`." if found else "")


# Backlog.md


def test_a_task_file_tells_all_of_a_task() -> None:
    task = stream("backlog/tasks", "BIRD-2")
    assert task.name == "Show the level on a page that is as long as the river"
    assert (task.status, task.priority, task.depends_on) == (S.NOT_STARTED, True, ("BIRD-1", "BIRD-0"))
    assert task.done_when == "The level is shown\nIt is in centimetres"
    assert "A page." in task.description and "status: Done" in task.description and "SECTION" not in task.description
    assert stream("backlog/tasks", "BIRD-1").name == "Water gauge: read it"
    assert stream("backlog/tasks", "BIRD-1").assigned_to == "wren"


def test_dependencies_in_another_spelling_and_in_the_archive() -> None:
    assert stream("backlog/tasks", "BIRD-2").satisfied == ("BIRD-0",)  # it lies in completed/
    assert stream("backlog/tasks", "BIRD-3").depends_on == ("BIRD-2",)  # "bird-2"
    assert why("backlog/tasks", "BIRD-3.1").kind == "unknown_dependency"  # archived, and was never done


def test_the_words_of_the_configuration_are_read() -> None:
    files = {
        "backlog/config.yml": b"statuses:\n  - Idea\n  - 'Cooking'\n  - Eaten\n",
        **{f"backlog/tasks/{n}.md": f"---\nid: B-{n}\ntitle: t\nstatus: {word}\n---\n".encode()
           for n, word in enumerate(("Idea", "Cooking", "Eaten", "Burnt"))},
    }  # fmt: skip
    roadmap = read_plan(Memory(files), ["backlog/tasks"])
    assert [s.status for s in roadmap.work_streams] == [S.NOT_STARTED, S.IN_PROGRESS, S.COMPLETE, S.BLOCKED]


def test_zeros_in_ids_are_kept() -> None:
    ids = [s.id for s in plan("backlog/tasks").work_streams]
    assert "BIRD-3.01" in ids and "BIRD-3.1" in ids


def test_a_parent_with_open_subtasks_groups() -> None:
    assert why("backlog/tasks", "BIRD-3").kind == "container"


def test_an_exact_id_comes_before_another_spelling() -> None:
    task = "---\nid: %s\ntitle: t\nstatus: To Do\ndependencies: [task-1]\n---\n"
    files = {f"t/{n}.md": (task % id_).encode() for n, id_ in enumerate(("BACK-1", "TASK-1", "BACK-2"))}
    assert read_plan(Memory(files), ["t"]).work_streams[2].depends_on == ("TASK-1",)


def test_one_broken_task_file_does_not_hide_the_others() -> None:
    good = b"---\nid: B-1\ntitle: t\nstatus: To Do\n---\n"
    files = {"t/a.md": good, "t/b.md": b"---\nid: B-2\xff\n", "t/c.md": good.replace(b"B-1", b"B-3") + b"x"}
    roadmap = read_plan(Memory(files), ["t"])
    assert [s.id for s in roadmap.work_streams] == ["B-1", "B-3"]
    assert len(roadmap.errors) == 1 and roadmap.errors[0].startswith("t/b.md:2 is not UTF-8")


def test_dependencies_that_cannot_be_read_block() -> None:
    files = {"t/a.md": b"---\nid: B-1\ntitle: t\nstatus: To Do\ndependencies: *others\n---\n"}
    roadmap = read_plan(Memory(files), ["t"])
    assert offered(roadmap) == []
    assert roadmap.errors[0].startswith("t/a.md:5: dependencies is not read: ")


# ccpm


def test_numbers_of_files_and_of_issues_are_mixed() -> None:
    assert stream("epics/aviary", "1235").depends_on == ("1234", "002")
    assert stream("epics/aviary", "002").depends_on == ("001",)  # written as 1
    assert why("epics/aviary", "1236").kind == "unknown_dependency"


def test_what_must_not_run_beside_each_other() -> None:
    assert stream("epics/aviary", "002").conflicts_with == ("1234",)
    assert stream("epics/aviary", "1235").conflicts_with == ("001", "002", "1234", "1236")  # parallel: false


def test_a_task_of_an_epic_tells_effort_and_criteria() -> None:
    task = stream("epics/aviary", "002")
    assert (task.name, task.effort, task.done_when, task.batch) == ("Walls", "S", "They stand", "aviary")


def test_reports_and_epics_are_no_tasks() -> None:
    assert [s.id for s in plan("epics/aviary").work_streams] == ["001", "002", "1234", "1235", "1236"]


# Broken stores


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("tasks.json", '{"tasks": [\n {"id": 1,\n  "title" "a"}]}', "tasks.json:3: this is not valid JSON"),
        ("tasks.json", '{"tasks": []} x', "tasks.json:1: this is not valid JSON"),
        ("prd.json", '{"userStories": [\n<<<<<<< ours\n', "prd.json:2: this is not valid JSON"),
        ("tasks.json", '{"tasks": ' + "[" * 100_000, "nested too deeply"),
        ("i.jsonl", '{"id":"a","title":"t","status":"open"}\n<<<<<<< ours\n', "i.jsonl:2: this is not valid JSON"),
        ("i.jsonl", '{"id":"a","title":"t",\n"status":"open"}\n', "i.jsonl:1: this is not valid JSON"),
        ("i.jsonl", b'{"id":"a","title":"t","status":"open"}\n\xff', "i.jsonl:2 is not UTF-8"),
    ],
)
def test_a_broken_store_is_named_with_its_line(path: str, text: str | bytes, message: str) -> None:
    with pytest.raises(RoadmapError) as error:
        read_plan(memory(path, text), [path])
    assert message in str(error.value)


@pytest.mark.parametrize("path", ["tasks.json", "backlog/tasks", "sprint-status.yaml"])
@pytest.mark.parametrize("name", sorted(set(PLANS.values())))
def test_a_format_that_does_not_fit_says_so_or_finds_nothing(path: str, name: str) -> None:
    try:
        roadmap = read_plan(TREE, [path], format_name=name)
    except RoadmapError:
        return
    assert bool(roadmap.work_streams) is (PLANS[path] == name)


def test_nesting_of_any_depth_is_read_or_refused() -> None:
    """Whether it fits depends on how much of the stack is used already."""
    for depth in range(850, 1010):
        text = '{"tasks": [{"id": 1, "title": "t", "status": "done", "x": ' + "[" * depth + "]" * depth + "}]}"
        try:
            assert read_plan(memory("tasks.json", text), ["tasks.json"]).work_streams[0].id == "1"
        except RoadmapError as error:
            assert "nested too deeply" in str(error)
