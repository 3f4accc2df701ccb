"""What the command line's exit codes mean."""

DONE = 0
#: The work failed, or something is wrong.
FAILED = 1
#: Usage or bad input; nothing was changed.
USAGE = 2
#: Somebody has to answer a question first.
NEEDS_ANSWER = 4
INTERRUPTED = 130
