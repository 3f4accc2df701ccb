"""Plans that tools keep: lists in JSON and YAML, and folders with a file for each task."""

from __future__ import annotations

from orchestrator_agent.roadmap.plan_format import PlanFormat
from orchestrator_agent.roadmap.stores.backlog_md import BacklogMd
from orchestrator_agent.roadmap.stores.beads import Beads
from orchestrator_agent.roadmap.stores.bmad import Bmad
from orchestrator_agent.roadmap.stores.ccpm import Ccpm
from orchestrator_agent.roadmap.stores.stories import Stories
from orchestrator_agent.roadmap.stores.task_master import TaskMaster

STORES: tuple[PlanFormat, ...] = (TaskMaster(), Stories(), Beads(), BacklogMd(), Ccpm(), Bmad())
