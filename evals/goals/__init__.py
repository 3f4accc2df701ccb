"""Goals in words with hand-written labels, and how well an interpreter's readings match them; see LABELS.md."""
