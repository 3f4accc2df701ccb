"""What Claude Code is given: the persona, a slash command, the MCP server; as files, and as a plugin."""
