"""What the agent does on its own: a task a second, each with a running number, so that a lost one is missed."""

import asyncio
from typing import Any

from opentelemetry import trace

from demo.agent.desk import answer
from demo.agent.telemetry import Recent

EVERY = 1.0
QUESTIONS = ("What is the refund window?", "When is it shipped?", "How long is the warranty?")
tracer = trace.get_tracer("support-desk")


class Work:
    """Tasks, one after the other or from outside, and how many there were."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._traces: dict[int, int] = {}
        self.started = self.finished = self.failed = 0
        self.running = asyncio.Event()
        self.running.set()

    async def task(self, question: str) -> str:
        """Does one task."""
        self.started += 1
        number = self.started
        try:
            with tracer.start_as_current_span("support task", attributes={"task.number": number}) as span:
                self._traces[number] = span.get_span_context().trace_id
                return await answer(number, question)
        except Exception:
            self.failed += 1
            raise
        finally:
            self.finished += 1

    async def forever(self) -> None:
        """Works until it is cancelled."""
        while True:
            await self.running.wait()
            question = QUESTIONS[self.started % len(QUESTIONS)]
            # A provider that is down for a while must not end the agent; the span says what went wrong.
            await asyncio.gather(self.task(question), return_exceptions=True)
            await asyncio.sleep(EVERY)

    def progress(self) -> dict[str, Any]:
        """Counts so far."""
        idle = not self.running.is_set() and self.started == self.finished
        return {"started": self.started, "finished": self.finished, "failed": self.failed, "idle": idle}

    def spans(self, number: int) -> list[dict[str, Any]]:
        """Spans of one task, as the agent made them."""
        return self._recent.spans(self._traces.get(number, 0))
