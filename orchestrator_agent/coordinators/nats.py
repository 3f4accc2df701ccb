"""A controller's side of NATS: commands that come in are journaled, and what the journal says is published.

It lives beside the controller's loop and waits for nothing but the network; a server that is away costs a try now and
then. Each connection is taken as one of its own: after a cut everything begins anew, from what the journal says.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

from orchestrator_agent import events
from orchestrator_agent.errors import OrchError, SettingsError
from orchestrator_agent.events import Event
from orchestrator_agent.project import Project
from orchestrator_agent.settings import NatsSettings
from orchestrator_agent.terminal import clean

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from orchestrator_agent.coordinators.connection import Target

#: Seconds between tries to connect: the first, and the longest.
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
#: Seconds after a cut until what was published around it is published once more: other clients take longer to come back
#: than we do, and what is published meanwhile passes them by. Ours is the shortest wait; that of nats-py is two.
_ECHO_AFTER = 4.0
#: Events on their way at once.
_WINDOW = 64
#: Seconds for a server to say that it took them.
_TAKEN_SECONDS = 5.0
#: Seconds that the last words of a controller may take.
_FAREWELL_SECONDS = 2.0


class Station:
    """The NATS side of one controller. Does nothing while `nats.url` is empty."""

    def __init__(self, project: Project) -> None:
        """Use the controller's open project, from its own thread only."""
        self._project = project
        self._settings: NatsSettings | None = None
        self._task: asyncio.Task[None] | None = None
        self._link: Link | None = None
        #: True when the last connection was cut, or none could be had.
        self._was_away = False
        self._said = ""

    def look(self) -> None:
        """Take up the settings as they are now, and publish what is new in the journal. Waits for nothing."""
        if self._project.settings.nats != self._settings:
            self._settings = self._project.settings.nats
            if self._task is not None:
                self._task.cancel()
            self._task = asyncio.get_running_loop().create_task(self._run()) if self._settings.url else None
        if self._link is not None:
            self._link.news.set()

    def has_to_stay(self) -> bool:
        """True while something is still to be said to a server that listens. It is never true for long."""
        return self._link is not None and self._link.has_to_stay()

    async def stop(self) -> None:
        """Say what is left, where somebody listens, and end."""
        if self._task is None:
            return
        with contextlib.suppress(Exception):
            if self._link is not None:
                await asyncio.wait_for(self._link.say_all(), _FAREWELL_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        from orchestrator_agent.coordinators import connection

        wait = _FIRST_WAIT
        while True:
            try:
                assert self._settings is not None
                where = connection.target(self._settings, self._project.root)
                client = await connection.connect(where, allow_reconnect=False, name="orch controller")
                wait = _FIRST_WAIT
                await self._hold(client, where)
            except SettingsError as error:
                self._warn(str(error))
                wait = _LONGEST_WAIT
            except OrchError as error:  # the journal; it may pass
                print(error, file=sys.stderr, flush=True)
            except Exception as error:  # whatever a network and a server may do
                self._note(error)
            self._was_away = True
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _hold(self, client: Client, where: Target) -> None:
        """Serve one connection until it is cut."""
        from orchestrator_agent.coordinators.link import Link

        self._link = Link(client, where, self._project, after_cut=self._was_away)
        try:
            await self._link.serve()
        finally:
            self._link = None
            with contextlib.suppress(Exception):
                await client.close()
