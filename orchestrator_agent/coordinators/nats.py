"""A controller's side of NATS: commands that come in are journaled, and what the journal says is published.

It lives beside the controller's loop and waits for nothing but the network; a server that is away costs a try now and
then. After a cut, everything begins anew from what the journal says.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import sys
import time
from collections import deque
from importlib import import_module
from typing import TYPE_CHECKING

from orchestrator_agent import events
from orchestrator_agent.errors import OrchError, SettingsError
from orchestrator_agent.events import Event
from orchestrator_agent.project import Project
from orchestrator_agent.settings import NatsSettings
from orchestrator_agent.store import Store
from orchestrator_agent.terminal import clean

if TYPE_CHECKING:
    from orchestrator_agent.coordinators.link import Link
    from orchestrator_agent.coordinators.outbox import Outbox

#: Seconds between tries to connect: the first, and the longest.
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0
#: Seconds after a cut until what was published around it is published once more: other clients take longer to come back
#: than we do (those of nats-py two seconds), and what is published meanwhile passes them by.
_ECHO_AFTER = 3.0
#: How long a controller with nothing else to do stays for what is unsaid, and what its last words may take. Seconds.
_STAY, _FAREWELL = 10.0, 2.0


class Station:
    """The NATS side of one controller. Does nothing, and loads nothing, while `nats.url` is empty."""

    def __init__(self, project: Project) -> None:
        """Use the controller's open project, in its event loop only."""
        self._project = project
        self._settings = NatsSettings()
        self._task: asyncio.Task[None] | None = None
        self._link: Link | None = None
        self._box: Outbox | None = None
        #: Marks of the outbox and when they were reached, by the monotonic clock: a cut concerns the youngest.
        self._marks: deque[tuple[float, int]] = deque()
        #: From which event on a cut may have lost what was published, and when that is published once more.
        self._echo_from: int | None = None
        self._echo_at = math.inf
        self._wait = _FIRST_WAIT
        #: The last connection was cut, or none could be had; a person has to put something right; we end.
        self._was_away = self._is_hopeless = self._ends = False
        self._said = self._warned = ""

    def look(self) -> None:
        """Take up the settings as they are now, and publish what is new in the journal. Waits for nothing."""
        if self._project.settings.nats != self._settings:
            self._settings, self._box = self._project.settings.nats, None
            self._marks.clear()
            if self._task is not None:
                self._task.cancel()
            self._task = asyncio.get_running_loop().create_task(self._run()) if self._settings.url else None
            if self._settings.url and self._project.store.published(self._settings.server) is None:
                _begin(self._project.store, self._settings.server)
        if self._link is not None:
            self._link.news.set()

    def has_to_stay(self) -> bool:
        """True while something is unsaid, and no longer than some seconds after the last event."""
        if self._task is None or self._is_hopeless:
            return False
        if self._box is None:
            return not self._said
        if self._box.is_empty() and self._echo_from is None:
            return False
        store = self._project.store
        (newest,) = store.events_after(store.last_event_id() - 1)
        return abs(store.now() - newest.timestamp) < _STAY

    async def stop(self) -> None:
        """Say what is left, where somebody listens, and end."""
        if self._task is None:
            return
        self._ends = True
        if self._link is not None:
            self._link.news.set()
            await asyncio.wait({self._task}, timeout=_FAREWELL)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._ends:
            try:
                return await self._connect()
            except SettingsError as error:
                self._warn(str(error))
            except OrchError as error:  # the journal; it may pass
                print(error, file=sys.stderr, flush=True)
            except Exception as error:  # whatever a network and a server may do
                self._note(error)
            self._was_away = True
            await asyncio.sleep(self._wait * random.uniform(0.5, 1.0))
            self._wait = min(self._wait * 2, _LONGEST_WAIT)

    async def _connect(self) -> None:
        """Serve one connection; returns when we end.

        Raises:
            SettingsError, OrchError, nats.errors.Error, OSError: it cannot be had, or was cut.
        """
        await asyncio.to_thread(_load)  # takes a while, and agents are not to wait for it
        from orchestrator_agent.coordinators import connection
        from orchestrator_agent.coordinators.link import Link
        from orchestrator_agent.coordinators.outbox import Outbox
        from orchestrator_agent.coordinators.subjects import Subjects

        where = connection.target(self._settings, self._project.root)
        subjects = Subjects(where.prefix)
        if self._box is None:
            self._box = Outbox(self._project.store, subjects, self._settings.server)
            self._marks.append((-math.inf, self._box.mark))
        client = await connection.connect_once(where, name="orch controller", closed_cb=self._wake_link)
        try:
            link = Link(client, subjects, self._project, self._box)
            await link.open()
            self._link, self._wait, self._is_hopeless = link, _FIRST_WAIT, False
            self._said = self._warned = ""
            await self._serve(link, self._box)
        finally:
            self._link = None
            with contextlib.suppress(Exception):
                await client.close()

    async def _wake_link(self) -> None:
        if self._link is not None:
            self._link.news.set()

    async def _serve(self, link: Link, box: Outbox) -> None:
        if self._was_away:
            self._echo_from = self._settled() if self._echo_from is None else self._echo_from
            self._echo_at = time.monotonic() + _ECHO_AFTER
        start = box.mark if self._echo_from is None else self._echo_from
        self._was_away, beat_at = False, -math.inf
        while True:
            await link.publish(start)
            start, now = box.mark, time.monotonic()
            self._marks.append((now, start))
            self._settled()
            if self._echo_from is not None and now >= self._echo_at:
                await link.publish(self._echo_from)
                self._echo_from, self._echo_at = None, math.inf
            if now >= beat_at:
                await link.beat()
                beat_at = now + self._settings.heartbeat_seconds
            if self._ends and box.is_empty():
                return
            await link.wait(max(0.0, min(beat_at, self._echo_at) - now))

    def _settled(self) -> int:
        """The mark that is so old that no cut now can have lost what comes before it. Younger ones are kept."""
        safe = time.monotonic() - _ECHO_AFTER
        while len(self._marks) > 1 and self._marks[1][0] <= safe:
            self._marks.popleft()
        return self._marks[0][1]

    def _warn(self, text: str, about: str = "") -> None:
        """Tell people, once, what they have to put right."""
        self._is_hopeless = True
        # Not by its words, nor by what was logged: a server cuts a refused connection in several ways, in turns.
        if (about or text) != self._warned:
            self._warned = about or text
            store = self._project.store
            with contextlib.suppress(OrchError):
                store.record(Event(type=events.WARNING, timestamp=store.now(), message=clean(text, 500)))

    def _note(self, error: Exception) -> None:
        """Log, once, why the server cannot be reached; where one side does not trust the other, tell people."""
        text = clean(str(error) or type(error).__name__, 300)
        if "authorization" in text.casefold():
            return self._warn(
                f"{self._settings.url} refuses our sign-in ({text}); correct [nats] in orch.toml.", "sign-in"
            )
        if why := getattr(error, "verify_message", ""):  # of an ssl.SSLCertVerificationError
            return self._warn(
                f"{self._settings.url} shows a certificate that is not trusted ({clean(why, 200)});"
                " correct nats.tls_ca in orch.toml.",
                "certificate",
            )
        if text != self._said:
            self._said = text
            print(f"NATS at {self._settings.url} is away: {text}", file=sys.stderr, flush=True)


def _begin(store: Store, server: str) -> None:
    """Note where a new server is to begin: with the commands that are open. A next controller begins there as well."""
    open_ = [store.accepted_at(command.id) - 1 for command in store.open_commands()]
    store.note_published(server, min((number for number in open_ if number >= 0), default=store.last_event_id()))


def _load() -> None:
    import_module("orchestrator_agent.coordinators.link")
