"""Scenarios of several turns for an agent with tools: what is typed, what is right, and a world to grade it in."""
