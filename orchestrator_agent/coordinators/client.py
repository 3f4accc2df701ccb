"""Control from a Python program on any machine: the other side of a controller that listens on NATS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from orchestrator_agent import settings
from orchestrator_agent.coordinators import connection, messages
from orchestrator_agent.coordinators.subjects import Subjects
from orchestrator_agent.errors import UserError
from orchestrator_agent.model import Receipt, ReceiptStep
from orchestrator_agent.settings import NatsSettings
from orchestrator_agent.terminal import clean

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

StatusCallback = Callable[[dict[str, Any]], None]
ReceiptCallback = Callable[[Receipt], None]

#: Seconds to wait for an answer, before the same is asked again, and between looks at a server that is away.
_ANSWER_SECONDS, _AGAIN_SECONDS, _PAUSE = 2.0, 1.0, 0.1
#: Status messages that are known by their id, so that none is told twice.
_REMEMBERED = 10_000
#: So many of the commands that were sent last get receipts as they are published; older ones by asking.
_FOLLOWED = 1000


class NoAnswer(UserError):
    """No controller answered in time. Sent again with the same id, a command is not done twice."""


class Sent:
    """One command and its receipts so far. Of a broadcast, each agent has a command of its own."""

    def __init__(self, coordinator: NATSCoordinator, subject: str, data: bytes) -> None:
        self._coordinator, self._subject, self._data = coordinator, subject, data
        #: Receipts by command id, each oldest first.
        self.chains: dict[str, list[Receipt]] = {}
        #: Why nothing was accepted, or empty.
        self.refused = ""
        self._changed = asyncio.Event()

    @property
    def receipts(self) -> list[Receipt]:
        """All receipts so far, oldest first."""
        return sorted((r for chain in self.chains.values() for r in chain), key=lambda receipt: receipt.at)

    @property
    def steps(self) -> list[str]:
        """The names of the receipts so far; `["refused"]` for what was never accepted."""
        return ["refused"] if self.refused else [receipt.step.value for receipt in self.receipts]

    async def wait(self, step: str = "applied", seconds: float = 60.0) -> list[Receipt]:
        """Wait until every command of this has come to `step` or was refused, and return the receipts so far.

        Raises:
            TimeoutError: it has not in so many seconds; the receipts so far are in `receipts`.
        """
        async with asyncio.timeout(seconds):
            while not self._has_come_to(ReceiptStep(step)):
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _AGAIN_SECONDS)
                    continue
                with contextlib.suppress(NoAnswer):  # a receipt may have passed us by in an outage; ask for all
                    await self._ask(_ANSWER_SECONDS)
        return self.receipts

    def _has_come_to(self, step: ReceiptStep) -> bool:
        if self.refused:
            return True
        wanted = list(ReceiptStep).index(step)
        return all(
            any(receipt.step.is_final or list(ReceiptStep).index(receipt.step) >= wanted for receipt in chain)
            for chain in self.chains.values()
        )

    async def _ask(self, seconds: float) -> None:
        answer = await self._coordinator._request(self._subject, self._data, seconds)
        self.refused = answer["reason"] if not answer["commands"] else ""
        for command in answer["commands"]:
            for receipt in command["receipts"]:
                self._add(_receipt(receipt))

    def _add(self, receipt: Receipt) -> bool:
        """Note a receipt; False when it is known."""
        chain = self.chains.setdefault(receipt.command_id, [])
        if any(known.step is receipt.step for known in chain):
            return False
        chain.append(receipt)
        self._changed.set()
        return True


class NATSCoordinator:
    """Commands to the agents of one repository, and their status, over NATS; all calls are for one event loop.

    Each command returns when the controller has journaled or refused it, as a `Sent` that can be waited for further. A
    command that is lost on the way is sent again with its id, so it is done once.
    """

    def __init__(
        self,
        url: str = "",
        *,
        project_root: Path | str = ".",
        timeout_seconds: float = 10.0,
        on_status: StatusCallback | None = None,
        on_receipt: ReceiptCallback | None = None,
        **values: Any,
    ) -> None:
        """Control the repository that publishes to the server at `url`; without one, as [nats] in orch.toml says.

        Args:
            project_root: the repository, or the folder that paths of secrets are relative to.
            timeout_seconds: for the server and the controller to answer.
            on_status: called with each status message, once; for its fields see docs/nats.md.
            on_receipt: called with each receipt of commands that were sent here.
            values: further settings of [nats] (`prefix`, `token_file` and the like).

        Raises:
            SettingsError: they cannot be used.
        """
        root = Path(project_root).absolute()
        base = NatsSettings(url=url) if url else settings.load(root).nats
        self._target = connection.target(replace(base, **values), root)
        self._subjects = Subjects(self._target.prefix)
        self._timeout = timeout_seconds
        self._on_status, self._on_receipt = on_status, on_receipt
        self._client: Client | None = None
        self._sent: deque[Sent] = deque(maxlen=_FOLLOWED)
        #: Receipts that came before the answer that tells whose they are, by command id.
        self._early: OrderedDict[str, list[Receipt]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        #: The number of the last event that was heard of, or None before the first; and what it was at a cut.
        self._event: int | None = None
        self._cut_at: int | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._trouble = ""

    # -- the connection ------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect, and listen; from then on the connection is restored whenever it is cut.

        Raises:
            NoAnswer: the server does not answer, or refuses us.
            SettingsError: nats-py is not installed.
        """
        waits = {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.5, "ping_interval": 20}
        try:
            async with asyncio.timeout(self._timeout):
                self._client = await connection.connect(
                    self._target,
                    name="NATSCoordinator",
                    error_cb=self._hear_trouble,
                    disconnected_cb=self._disconnected,
                    reconnected_cb=self._reconnected,
                    **waits,
                )
        except TimeoutError:
            why = clean(self._trouble or "no answer", 200)
            raise NoAnswer(
                f"{self._target.url} cannot be used ({why}); start the server or correct the settings."
            ) from None
        await self._client.subscribe(self._subjects.all_status(), cb=self._hear)
        await self._client.flush()

    async def disconnect(self) -> None:
        """End the connection; what was sent stays sent."""
        client, self._client = self._client, None
        if self._catching_up is not None:
            self._catching_up.cancel()
        if client is not None:
            await client.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()

    # -- commands ------------------------------------------------------------------------------------------------

    async def stop_all_agents(self, reason: str = "") -> Sent:
        """Stop everything. Work is saved.

        Raises (as every command here):
            NoAnswer: no controller answered in time.
            UserError: the controller did not understand it.
        """
        return await self.broadcast("stop", {"reason": reason})

    async def stop_agent(self, agent_id: str, reason: str = "") -> Sent:
        """Stop one agent, named by its id or its work stream. Work is saved."""
        return await self._send(self._subjects.agent(agent_id, "stop"), "stop", {"reason": reason})

    async def pause_agent(self, agent_id: str, reason: str = "") -> Sent:
        """Freeze an agent and all that it started; its time limit does not count meanwhile."""
        return await self._send(self._subjects.agent(agent_id, "pause"), "pause", {"reason": reason})

    async def resume_agent(self, agent_id: str) -> Sent:
        """Let a frozen agent go on."""
        return await self._send(self._subjects.agent(agent_id, "resume"), "resume", {})

    async def send_feedback(
        self, agent_id: str, feedback: str, action: Literal["next", "now", "later"] = "next", *, request_id: str = ""
    ) -> Sent:
        """Tell an agent something: after its present step, in the middle of it, or when it has nothing else to do.

        Args:
            request_id: with the same one it is said once, however often this is called, and by whomever.
        """
        payload = {"feedback": feedback, "action": action}
        return await self._send(self._subjects.agent(agent_id, "feedback"), "feedback", payload, request_id)

    async def redirect_agent(self, agent_id: str, new_work_stream: str, reason: str = "") -> Sent:
        """Put an agent on another work stream; the work on its old one is saved."""
        payload = {"new_work_stream": new_work_stream, "reason": reason}
        return await self._send(self._subjects.agent(agent_id, "redirect"), "redirect", payload)

    async def broadcast(self, command: str, payload: dict[str, Any] | None = None) -> Sent:
        """A command to every agent at work: stop, pause, resume or feedback."""
        return await self._send(self._subjects.broadcast(command), command, payload or {})

    async def request_status(self, agent_id: str | None = None) -> dict[str, Any]:
        """How the agents stand now, or one of them; for the keys see docs/nats.md."""
        subjects = self._subjects
        subject = subjects.broadcast("status") if agent_id is None else subjects.agent(agent_id, "status")
        return await self._request(subject, messages.write("status", {}), self._timeout)

    async def _send(self, subject: str, command: str, payload: dict[str, Any], request_id: str = "") -> Sent:
        sent = Sent(self, subject, messages.write(command, payload, request_id or uuid.uuid4().hex))
        self._sent.append(sent)
        await sent._ask(self._timeout)
        for command_id in sent.chains:
            for receipt in self._early.pop(command_id, []):
                sent._add(receipt)
        return sent

    async def _request(self, subject: str, data: bytes, seconds: float) -> dict[str, Any]:
        """The payload of the answer to a message, which is sent until there is one."""
        import nats.errors

        if self._client is None:
            raise NoAnswer("There is no connection; `await connect()` first.")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                answer = await self._client.request(subject, data, timeout=min(_ANSWER_SECONDS, left))
            except (nats.errors.Error, TimeoutError, OSError):
                await asyncio.sleep(_PAUSE)
                continue
            body: dict[str, Any] = json.loads(answer.data)
            if body["type"] == "error":
                raise UserError(f"The controller does not understand this: {clean(body['payload']['error'], 300)}.")
            payload: dict[str, Any] = body["payload"]
            return payload
        raise NoAnswer("No controller answered; it runs while there is work, with nats.url set in its orch.toml.")

    # -- what comes in -------------------------------------------------------------------------------------------

    async def _hear_trouble(self, error: Exception) -> None:
        self._trouble = str(error)

    async def _disconnected(self) -> None:
        self._cut_at = self._event if self._cut_at is None else self._cut_at

    async def _reconnected(self) -> None:
        self._catch_up()

    async def _hear(self, message: Msg) -> None:
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):  # others may publish here, too
            body = json.loads(message.data)
            self._take(body)
            behind = self._event is not None and body["payload"].get("event", 0) > self._event
            if behind or self._cut_at is not None:  # a heartbeat says what should have been heard
                self._catch_up()

    def _take(self, body: dict[str, Any]) -> None:
        """Pass a status message on, unless it was before."""
        if body["id"] in self._known:
            return
        self._known[body["id"]] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        payload = body["payload"]
        if body["type"] != "heartbeat":
            self._event = max(payload["event"], self._event or 0)
        if self._on_status is not None:
            self._on_status(body)
        if "receipt" in payload:
            self._take_receipt(_receipt(payload["receipt"]))

    def _take_receipt(self, receipt: Receipt) -> None:
        ours = [sent for sent in self._sent if receipt.command_id in sent.chains]
        if not ours:
            self._early.setdefault(receipt.command_id, []).append(receipt)
            while len(self._early) > _REMEMBERED:
                self._early.popitem(last=False)
        if any([sent._add(receipt) for sent in ours]) and self._on_receipt is not None:
            self._on_receipt(receipt)

    def _catch_up(self) -> None:
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.get_running_loop().create_task(self._ask_for_missed())

    async def _ask_for_missed(self) -> None:
        """Take what was published while we could not hear it. When nobody answers, the next heartbeat asks again."""
        since = self._event if self._cut_at is None else self._cut_at
        with contextlib.suppress(UserError):
            while since is not None:
                data = messages.write("status", {"since": since})
                answer = await self._request(self._subjects.broadcast("status"), data, self._timeout)
                for body in answer["events"]:
                    self._take(body)
                since = answer["upto"] if answer["upto"] < answer["event"] else None
                self._event = max(self._event or 0, answer["upto"])
            self._cut_at = None


def _receipt(value: dict[str, Any]) -> Receipt:
    return Receipt(value["command_id"], ReceiptStep(value["step"]), value["at"], value["reason"], value["deadline"])
