"""A stand-in for the Messages API: a small real HTTP server whose answers are written by a test.

It speaks the wire format (JSON and server-sent events, tool use, cache counters, every error) and is nothing like a
model: what it answers was decided by whoever wrote the script. No figure or sentence of it is Claude's.
"""

from standin.answers import Answer, Failure, Reply, text, thinking, tool
from standin.server import Brain, Request, StandIn, in_turn

__all__ = ["Answer", "Brain", "Failure", "Reply", "Request", "StandIn", "in_turn", "text", "thinking", "tool"]
