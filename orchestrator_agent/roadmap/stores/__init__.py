"""Plans that tools keep: lists in JSON and YAML, and folders with a file for each task."""
