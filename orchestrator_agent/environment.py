"""What agents and checks see of our environment: an allow-list, so that no key goes where it is not needed."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Mapping

_ALLOWED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "TZ", "TMPDIR", "TEMP", "TMP"),
    *("LANG", "LANGUAGE", "LC_*", "XDG_*", "SSL_CERT_*", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("VIRTUAL_ENV", "PYENV_*", "NVM_*", "FNM_*", "VOLTA_*", "ASDF_*", "MISE_*", "RUSTUP_*", "CARGO_HOME", "GOPATH"),
    *("GOROOT", "JAVA_HOME", "UV_*", "PIP_*", "CI", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"),
    *("GIT_AUTHOR_*", "GIT_COMMITTER_*", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
)


def allowed(extra: Iterable[str] = (), environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that may be passed on.

    Args:
        extra: further names or patterns (`OPENAI_*`), from the runtime and from `agent.env`.
        environ: where to take them from; default our own environment.
    """
    source = os.environ if environ is None else environ
    patterns = (*_ALLOWED, *extra)
    found = {name: value for name, value in source.items() if any(fnmatch.fnmatchcase(name, p) for p in patterns)}
    found.setdefault("PATH", os.defpath)
    # Git in the hands of agents must not start a collection beside our worktree commands, nor ask anything.
    found.update({"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": "2"})
    found.update({"GIT_CONFIG_KEY_0": "gc.auto", "GIT_CONFIG_VALUE_0": "0"})
    found.update({"GIT_CONFIG_KEY_1": "maintenance.auto", "GIT_CONFIG_VALUE_1": "false"})
    return found
