"""A talk with the person: their words, the model's calls, a yes, the results; the loop that front ends share.

The model decides which tools to call; whether a call that starts, stops or lands something is carried out is the
person's to say. When the model cannot be asked, the rules serve the same turn. Every message is in the journal before
the next step is taken, and every call carries its own id, so that a talk that was killed goes on without doing anything
twice.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from orchestrator_agent import wishes
from orchestrator_agent.conversation import Conversation
from orchestrator_agent.errors import UserError
from orchestrator_agent.interpreters.claude import CannotCompact, Claude, Turn, Unavailable, Usage, text_block
from orchestrator_agent.listener import Answered, Listener, Outcome, Waiting, finished, is_yes, yes_question
from orchestrator_agent.model_prompt import ASK_PERSON, News, question_of, system_prompt, tool_list
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.rules_turn import serve
from orchestrator_agent.savings import Saved, mean_turn, one_request
from orchestrator_agent.settings import ConversationSettings
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools import Tool, ToolCall, ToolResult, Toolset
from orchestrator_agent.tools.planning import add_work_stream, added_before
from orchestrator_agent.tools.toolset import journal
from orchestrator_agent.transcripts import Block, Transcript, Transcripts

_RESULT_LIMIT = 2000
#: The id of a question that the rules asked, and not a tool call.
_BY_RULES = "rules"
_CUT_OFF = "Your answer was cut off at its limit; go on from there, and be shorter."


class Talk:
    """One conversation about one repository, with whoever listens."""

    def __init__(
        self,
        orchestrator: Orchestrator,
        listener: Listener,
        *,
        auto: bool = False,
        offline: bool = False,
        dry_run: bool = False,
        toolset: Toolset | None = None,
    ) -> None:
        """A new conversation; nothing is asked or written yet.

        Args:
            auto: every call is approved.
            offline: the rules alone.
            dry_run: nothing that acts is carried out.
            toolset: other tools than those of the project.
        """
        self.orchestrator, self.listener, self.auto, self.dry_run = orchestrator, listener, auto, dry_run
        self.settings = orchestrator.project.settings.conversation
        self.rules = Conversation(orchestrator, toolset=toolset)
        self.transcripts = Transcripts(None)
        self.transcript: Transcript = self.transcripts.begin()
        self.usage, self.saved = Usage(), Saved()
        #: Words typed while a turn runs; they go to the model with the next results.
        self.steering: list[str] = []
        self._answers: dict[str, str] = {}
        #: Calls that were open when the talk was taken up: what came of them may be there already.
        self._old_calls: set[str] = set()
        self.news = News(orchestrator.project)
        self._last_context = 0
        #: Why only the rules serve this talk, from its start on; empty when Claude does.
        self.why_offline = _why_offline(self.settings, offline)
        self._offline = bool(self.why_offline)
        self._told_offline = False
        self._mean: Saved | None = None
        #: True while the rules serve a turn.
        self.by_rules = False
        self._claude = Claude(self.settings, system_prompt(), tool_list(self.rules.toolset))

    # -- turns ---------------------------------------------------------------------------------------------------

    async def say(self, words: str) -> Outcome:
        """One turn of the person, to its end.

        Raises:
            RoadmapError: the roadmap cannot be read, where the rules serve the turn.
        """
        self._open_journal()
        if self._offline:
            return await self._by_rules(words)
        if self.settings.interpreter == "rules-first" and self._rules_are_sure(words):
            outcome = await self._by_rules(words)
            outcome.saved = self._estimate(words)
            self.saved += outcome.saved
            return outcome
        self._keep()
        self._close_calls("The person said something else instead.")
        self.transcripts.add(self.transcript, "user", [self.news.note(), text_block(words)])
        return await self._turns(words)

    async def resume(self, answer: str | None = None) -> Outcome:
        """Go on where the conversation stands: with a question answered, or after it was cut off."""
        self._open_journal()
        asked = self.transcript.question
        if asked is not None and asked["id"] == _BY_RULES:
            self.transcripts.ask(self.transcript, None)
            return await self._by_rules(str(asked["words"]), answer=answer)
        if answer is not None and asked is not None:
            self._answers[str(asked["id"])] = answer
        if self._offline and asked is None:
            return await self._by_rules_again()
        if not self.transcript.messages:
            return Outcome(state="not_understood", text="There is no conversation to go on with.")
        return await self._turns("")

    def take_up(self, conversation_id: str = "", *, waiting: bool = False) -> bool:
        """Go on with an earlier conversation, by default the last one; False when there is none."""
        self._open_journal()
        found = self.transcripts.load(conversation_id) if conversation_id else self.transcripts.last(waiting=waiting)
        if found is not None:
            self.transcript = found
            self._old_calls = {block["id"] for block in found.unanswered}
        return found is not None

    def cancelled(self) -> None:
        """The person cut the turn short: no tool call may be left without a result."""
        self._close_calls("The person cut this turn short; look before you take it that this was not done.")
        self.steering.clear()

    async def close(self) -> None:
        """Let connections go."""
        await self._claude.close()

    async def _turns(self, words: str) -> Outcome:
        outcome = Outcome()
        self.by_rules = False
        try:
            for _ in range(self.settings.max_turns):
                if self.transcript.unanswered:
                    await self._answer_calls(outcome)
                turn = await self._ask_model()
                outcome.usage += turn.usage
                if self._is_last(turn, outcome):
                    return outcome
                if outcome.usage.cost(self.settings) > self.settings.max_cost_usd:
                    self._close_calls("The bound on cost was reached.")
                    return self._limited(outcome, f"This goal has cost {self.settings.max_cost_usd:.2f} USD, its bound")
            self._close_calls("The bound on turns was reached.")
            return self._limited(outcome, f"This goal took {self.settings.max_turns} turns, its bound")
        except Waiting as waiting:
            outcome.state, outcome.text, outcome.choices = "needs_answer", waiting.asked, waiting.choices
            return outcome
        except Unavailable as error:
            return await self.without_model(words, outcome, error)

    async def _ask_model(self) -> Turn:
        long = bool(self.usage.requests) and self._last_context > self.settings.compact_tokens
        by_server = long and self._claude.can_compact(self._last_context)
        if long and not by_server:
            await self._compact()
        hear, cut = self.listener.text, self.listener.cut_off
        try:
            turn = await self._claude.answer(self.transcript.messages, hear, cut, compact=by_server)
        except CannotCompact:
            return await self._ask_model()
        self._last_context = turn.context
        self.usage += turn.usage
        self._note(turn)
        return turn

    def _note(self, turn: Turn) -> None:
        self.transcripts.add(
            self.transcript,
            "assistant",
            turn.content or (text_block("(no answer)"),),
            model=turn.model,
            stop_reason=turn.stop_reason,
            tokens=turn.usage.tokens,
            cost_usd=round(turn.usage.cost(self.settings), 6),
        )
        if turn.is_compacted:  # the server ignores what was before
            go_on = {"role": "user", "content": [text_block("Go on.")]}
            self.transcripts.replace(self.transcript, [go_on, self.transcript.messages[-1]])

    def _is_last(self, turn: Turn, outcome: Outcome) -> bool:
        """True when the turn ends what the person asked for; else the conversation is ready for the next request."""
        outcome.text = turn.text
        if turn.calls or turn.stop_reason == "pause_turn":
            return False
        if turn.stop_reason == "refusal":
            because = f" ({turn.refusal})" if turn.refusal else ""
            self.listener.line(f"The model declines to answer that{because}.")
            outcome.state = "refused"
            return True
        if turn.stop_reason == "max_tokens":
            self.transcripts.add(self.transcript, "user", [text_block(_CUT_OFF)])
            return False
        if turn.stop_reason == "model_context_window_exceeded":
            self._last_context = self.settings.compact_tokens + 1
            self.transcripts.add(self.transcript, "user", [text_block("Go on.")])
            return False
        return True

    def _limited(self, outcome: Outcome, said: str) -> Outcome:
        outcome.state = "limit"
        self.listener.line(f"{said}; say more to go on, or raise it under [conversation] in orch.toml.")
        return outcome

    async def _compact(self) -> None:
        """Go on from a summary, which the model writes: a long talk is never broken off."""
        summary, usage = await self._claude.sum_up(self.transcript.messages)
        self.usage += usage
        self.transcripts.replace(self.transcript, [summary])

    # -- calls ---------------------------------------------------------------------------------------------------

    async def _answer_calls(self, outcome: Outcome) -> None:
        """Carry out the calls of the last message, and append their results as one message.

        Raises:
            Waiting: a person has to say something first, and nobody is there.
        """
        blocks = self.transcript.unanswered
        decided = [await self._decide(block) for block in blocks]
        self._answers.clear()
        if self.transcript.question is not None:
            self.transcripts.ask(self.transcript, None)
        results: list[Block] = []
        for block, decision in zip(blocks, decided, strict=True):
            result = decision or await self._carry_out(block, outcome)
            results.append(_result_block(block, result))
        steering = [text_block(words) for words in self.steering]
        self.steering.clear()
        self.transcripts.add(self.transcript, "user", [*results, *steering])

    async def _decide(self, block: Block) -> ToolResult | None:
        """The result of a call that is not carried out (a question, a no), or None for one that is."""
        call = ToolCall(str(block["name"]), dict(block["input"]))
        if call.name == ASK_PERSON:
            asked, choices = question_of(call)
            answer = self._answers.get(block["id"])
            answer = answer if answer is not None else await self.listener.answer(asked, choices)
            if answer is None:
                raise self._wait(block, asked, choices)
            return ToolResult(answer or "The person gave no answer; do nothing that depends on it.")
        if self._before(block) is not None:
            return None
        tool = self.rules.toolset.get(call.name)
        if self.dry_run and tool is not None and not tool.read_only:
            self.listener.line(f"Would do: {yes_question(call).removesuffix('?')}")
            if (problem := self._show(tool, call)) is not None:
                return problem
            return ToolResult("Not done, because this is a dry run; take it as done and go on.")
        if tool is None or not tool.needs_yes or self.auto:
            return None
        asked, given = yes_question(call), self._answers.get(block["id"])
        if (problem := self._show(tool, call)) is not None:
            return problem
        if given is not None and is_yes(given) is None:
            return ToolResult(f'It was not done. The person said: "{given}"', is_error=True)
        yes = is_yes(given) if given is not None else await self.listener.approve([call], asked)
        if yes is None:
            raise self._wait(block, asked, ("yes", "no"))
        return None if yes else ToolResult("The person said no; it was not done.", is_error=True)

    def _show(self, tool: Tool, call: ToolCall) -> ToolResult | None:
        """Show what a call would write, where it writes something; a result when it cannot be written."""
        try:
            lines = tool.preview(self.orchestrator, **tool.validate(call.arguments)) if tool.preview else []
        except UserError as error:
            return ToolResult(clean(str(error), 480), is_error=True)
        for line in lines:
            self.listener.line(line)
        return None

    def _wait(self, block: Block, asked: str, choices: Sequence[str]) -> Waiting:
        if self.dry_run:  # an answer would start what a dry run only shows
            return Waiting(asked, choices)
        self.transcripts.ask(self.transcript, {"id": block["id"], "question": asked, "choices": list(choices)})
        return Waiting(asked, choices)

    async def _carry_out(self, block: Block, outcome: Outcome) -> ToolResult:
        call = ToolCall(str(block["name"]), dict(block["input"]))
        result = self._before(block)
        if result is None:
            with wishes.as_request(self._request(block)):
                result = await finished(self.rules.toolset.call(self.orchestrator, call))
        outcome.add(call, result)
        self.listener.called(call, result)
        return result

    def _request(self, block: Block) -> str:
        return f"{self.transcript.id}:{block['id']}"

    def _before(self, block: Block) -> ToolResult | None:
        """What came of a call already, when the talk was killed between that and its result."""
        if block["id"] not in self._old_calls:
            return None
        accepted = wishes.accepted_as(self.orchestrator.project, self._request(block))
        if accepted is not None:
            return ToolResult("This was accepted before the talk was cut off.", {"command_id": accepted})
        if block["name"] != add_work_stream.name:
            return None
        with contextlib.suppress(UserError):  # the call itself will say so
            return added_before(self.orchestrator, self._request(block))
        return None

    def _close_calls(self, reason: str) -> None:
        if blocks := self.transcript.unanswered:
            results = [_result_block(block, ToolResult(reason, is_error=True)) for block in blocks]
            self.transcripts.add(self.transcript, "user", results)
        if self.transcript.question is not None:
            self.transcripts.ask(self.transcript, None)

    # -- the rules -----------------------------------------------------------------------------------------------

    async def without_model(self, words: str, outcome: Outcome, error: Unavailable) -> Outcome:
        """The rules serve the turn, and say so once; the next turn asks the model again, unless that is vain."""
        self._offline = error.lasting
        if not self._told_offline:
            self._told_offline = True
            self.listener.line(f"Claude is not at hand: {error.reason}. I go by fixed rules meanwhile.")
        if not words or outcome.results:
            self._close_calls("The model could not be reached.")
            outcome.state, outcome.text = "limit", f"Claude could not be reached any more: {error.reason}."
            self.listener.line(f"{outcome.text} What was done so far stands; say it again to go on.")
            return outcome
        return await self._by_rules(words, recorded=True)

    def _rules_are_sure(self, words: str) -> bool:
        goal = self.rules.propose(words).goal
        return goal.intent not in ("none", "explain") and not goal.ambiguous and goal.confidence >= 0.8

    def _estimate(self, words: str) -> Saved:
        """What the model would have taken for a turn: as its turns did before, or else one request at the least."""
        if self._mean is None:
            self._mean = mean_turn(self.transcripts.store)
        said = {"role": "user", "content": [text_block(words)]}
        return self._mean or one_request(self._claude.request([said]), self.settings)

    async def _by_rules(self, words: str, *, recorded: bool = False, answer: str | None = None) -> Outcome:
        self.by_rules = True
        if not recorded:
            self.transcripts.add(self.transcript, "user", [text_block(words)])
        listener = self.listener if answer is None else Answered(self.listener, answer)
        outcome = await serve(self.rules, listener, words, auto=self.auto, dry_run=self.dry_run)
        if outcome.state == "needs_answer" and not self.dry_run:
            self._keep()
            asked = {"id": _BY_RULES, "words": words, "question": outcome.text, "choices": list(outcome.choices)}
            self.transcripts.ask(self.transcript, asked)
            return outcome
        said = [outcome.text, *(result.text for _, result in outcome.results)]
        summary = "\n".join(line for line in said if line)[:_RESULT_LIMIT] or outcome.state
        self.transcripts.add(self.transcript, "assistant", [text_block(summary)], model="rules")
        return outcome

    # -- what changes --------------------------------------------------------------------------------------------

    def _open_journal(self) -> None:
        """Keep the conversation once there is a journal; a mere look at a repository makes none."""
        store = journal(self.orchestrator.project)
        if store is not None and self.transcripts.store is None:
            self.transcripts = Transcripts(store)
            for message in self.transcript.messages:
                self.transcripts.add(Transcript(self.transcript.id), message["role"], message["content"])

    async def _by_rules_again(self) -> Outcome:
        """Serve the last words again when nothing came of them; the rules have no turn that could be half done."""
        last = self.transcript.messages[-1:]
        words = [str(block["text"]) for message in last for block in message["content"] if block["type"] == "text"]
        if not words or last[0]["role"] != "user":
            return Outcome(interpreter="rules")
        return await self._by_rules(words[-1], recorded=True)

    def _keep(self) -> None:
        """Make a journal for the conversation: it may have to be taken up again."""
        self.orchestrator.project.writable_store()
        self._open_journal()


def _why_offline(settings: ConversationSettings, offline: bool) -> str:
    if offline or settings.interpreter == "rules":
        return "fixed rules"
    if any(os.environ.get(name) for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")):
        return ""
    return "fixed rules; ANTHROPIC_API_KEY is not set"


def _result_block(block: Block, result: ToolResult) -> Block:
    made: Block = {
        "type": "tool_result",
        "tool_use_id": block["id"],
        "content": result.text[:_RESULT_LIMIT] or "(nothing)",
    }
    return {**made, "is_error": True} if result.is_error else made
