"""`python -m orchestrator_agent` is `orch`."""

import sys

from orchestrator_agent.cli import main

if __name__ == "__main__":
    sys.exit(main())
