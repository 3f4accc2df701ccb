"""One connection of a controller to a NATS server, from its beginning to its cut."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
import uuid
from typing import TYPE_CHECKING, Any

import nats.errors
from nats.js.api import StreamConfig
from nats.js.errors import Error as JetStreamError

from orchestrator_agent.coordinators import accepting, messages, outbox
from orchestrator_agent.coordinators.outbox import Outbox, Publication
from orchestrator_agent.coordinators.subjects import Subjects
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

#: Events on their way at once.
_WINDOW = 64
#: Seconds for a server to say that it has taken them.
_PATIENCE = 5
#: What a stream keeps, in seconds and bytes, and how long it knows a message by its id, in seconds.
_KEPT_SECONDS, _KEPT_BYTES, _KNOWN_SECONDS = 7 * 24 * 3600, 256 * 1024 * 1024, 600


class Link:
    """Hears commands and publishes status over one connection."""

    def __init__(self, client: Client, subjects: Subjects, project: Project, box: Outbox) -> None:
        """Use an open connection, and the controller's own project."""
        self._client, self._subjects, self._box = client, subjects, box
        self._orchestrator = Orchestrator(project.root, lenient=True)
        self._orchestrator.project = project  # one connection to the journal, and settings that are read again
        self._jetstream = client.jetstream(timeout=_PATIENCE)
        self._has_stream = False
        self._malformed = 0
        #: Set when there is something new to publish, or when the connection was cut.
        self.news = asyncio.Event()

    async def open(self) -> None:
        """Begin to hear commands, and find the stream that keeps status, or make it.

        Raises:
            nats.errors.Error, OSError: the connection is cut, or does not permit it.
        """
        for subject in self._subjects.commands():
            await self._client.subscribe(subject, cb=self._hear)
        await self._client.flush(_PATIENCE)
        self._has_stream = await self._find_stream()

    async def wait(self, seconds: float) -> None:
        """Wait until there is news, and no longer than so many seconds.

        Raises:
            ConnectionClosedError: the connection is cut.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), seconds)
        self.news.clear()
        if not self._client.is_connected:
            raise nats.errors.ConnectionClosedError

    # -- saying --------------------------------------------------------------------------------------------------

    async def publish(self, after: int) -> None:
        """Publish the events after that number, in order, and note in the journal that the server has taken them.

        Raises:
            nats.errors.Error, TimeoutError, OSError: it has not; what it has taken for sure is noted.
            JournalError: the journal cannot be used now.
        """
        while True:
            batch, last = self._box.after(after, _WINDOW)
            if last == after:
                return
            await self._give(batch)
            self._box.note(last)
            after = last

    async def _give(self, batch: list[Publication]) -> None:
        if self._has_stream:
            try:
                return await self._give_to_stream(batch)
            except JetStreamError:  # the stream is gone, or full; who listens now is told all the same
                self._has_stream = False
        for item in batch:
            await self._client.publish(item.subject, item.data, headers={"Nats-Msg-Id": item.id})
        await self._client.flush(_PATIENCE)

    async def _give_to_stream(self, batch: list[Publication]) -> None:
        taken = [
            await self._jetstream.publish_async(item.subject, item.data, headers={"Nats-Msg-Id": item.id})
            for item in batch
        ]
        await asyncio.wait_for(asyncio.gather(*taken), _PATIENCE)

    async def beat(self) -> None:
        """Publish how every agent stands, and how the controller does."""
        store = self._orchestrator.project.store
        agents = [facts.record for facts in store.live_agents()]
        for record in agents:
            await self._beat(record.id, outbox.standing(record))
        facts = {"event": self._box.mark, "agents": len(agents), "malformed": self._malformed}
        await self._beat(None, {"agent_id": None, **facts})

    async def _beat(self, agent_id: str | None, payload: dict[str, Any]) -> None:
        data = messages.write("heartbeat", payload, uuid.uuid4().hex)
        await self._client.publish(self._subjects.status(agent_id), data)

    async def _find_stream(self) -> bool:
        """True when the server keeps what is published: it has JetStream, and we may have a stream there."""
        subject = self._subjects.all_status()
        try:
            with contextlib.suppress(JetStreamError):
                return bool(await self._jetstream.find_stream_name_by_subject(subject))
            config = StreamConfig(
                name=f"ORCH_STATUS_{self._subjects.prefix.replace('.', '=')}",
                subjects=[subject],
                max_age=_KEPT_SECONDS,
                max_bytes=_KEPT_BYTES,
                duplicate_window=_KNOWN_SECONDS,
            )
            await self._jetstream.add_stream(config)
        except (JetStreamError, nats.errors.TimeoutError, nats.errors.NoRespondersError):
            return False
        return True

    # -- hearing -------------------------------------------------------------------------------------------------

    async def _hear(self, message: Msg) -> None:
        """Answer one message. Whatever is wrong with it, the connection goes on."""
        reply = message.reply
        try:
            address = self._subjects.parse(message.subject)
            said = messages.read(message.data)
            reply = reply or said.reply
            type_, payload = accepting.answer(self._orchestrator, address, said)
        except ValueError as error:
            self._malformed += 1
            type_, payload = "error", {"error": str(error)}
        except Exception as error:
            traceback.print_exception(error)
            type_, payload = "error", {"error": "this could not be done; the log of the controller says why"}
        # An answer to one of our own subjects would be taken for a command, or for an agent's status.
        if reply and not self._subjects.owns(reply):
            with contextlib.suppress(nats.errors.Error):
                await self._client.publish(reply, messages.write(type_, payload))
