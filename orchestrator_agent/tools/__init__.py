"""What Claude, other programs, the chat and the rules can do here: one typed definition of each action.

A new tool is a function in one of these modules and its name in `TOOLS`. The order is fixed, for prompt caches.
"""

from __future__ import annotations

from orchestrator_agent.tools.agents import read_output, run_batch, spawn_agent, stop_agent
from orchestrator_agent.tools.planning import add_work_stream
from orchestrator_agent.tools.reports import report
from orchestrator_agent.tools.steering import answer_agent, pause_agent, redirect_agent, resume_agent, send_feedback
from orchestrator_agent.tools.tool import Tool, ToolCall, ToolResult, tool
from orchestrator_agent.tools.toolset import Toolset
from orchestrator_agent.tools.verification import integrate, verify
from orchestrator_agent.tools.waiting import wait
from orchestrator_agent.tools.work_streams import get_status, list_work_streams

__all__ = ["TOOLS", "Tool", "ToolCall", "ToolResult", "Toolset", "tool"]

TOOLS: tuple[Tool, ...] = (
    list_work_streams,
    get_status,
    spawn_agent,
    run_batch,
    read_output,
    wait,
    send_feedback,
    redirect_agent,
    pause_agent,
    resume_agent,
    answer_agent,
    stop_agent,
    verify,
    integrate,
    report,
    add_work_stream,
)
