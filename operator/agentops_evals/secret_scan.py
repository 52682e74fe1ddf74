"""Finds credentials with the rules engine that masks traces, so that there is one notion of a credential.

`agentops-mask serve` reads one JSON object a line, `{"id": 1, "text": …}`, and answers each with one line,
`{"id": 1, "text": …, "hits": [{"detector": "credentials.…", "count": 1}]}`, or with `error` when it could not read it.
"""

import asyncio
import contextlib
import json
from typing import Self

from agentops_evals.results import UnjudgedError

PROGRAM = "agentops-mask"
CREDENTIALS = "credentials."
SECONDS = 30.0
LINE_LIMIT = 64 * 1024 * 1024  # the reader refuses a longer line; the default of 64 KiB would refuse long answers


class MaskScanner:
    """One process for the whole run, started at the first question; whatever goes wrong leaves the case unjudged."""

    def __init__(self, program: str = PROGRAM) -> None:
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()  # answers come in the order of questions
        self._asked = 0

    async def __aenter__(self) -> Self:
        """The process starts when it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends the process."""
        await self._end()

    async def finds_credential(self, text: str) -> bool:
        """Whether the text holds a credential; raises UnjudgedError when the program is missing or fails."""
        async with self._turn:
            self._asked += 1
            number = self._asked
            try:
                async with asyncio.timeout(SECONDS):
                    line = await self._ask(json.dumps({"id": number, "text": text}))
            except TimeoutError:
                # A late answer would be taken for that of the next question.
                await self._end()
                raise UnjudgedError(f"{PROGRAM} did not answer in time") from None
            except (OSError, ValueError) as error:
                await self._end()
                raise UnjudgedError(f"{PROGRAM} could not be used ({type(error).__name__})") from None
        return _credential_in(line, number)

    async def _ask(self, line: str) -> bytes:
        process = self._process
        if process is None:
            process = self._process = await asyncio.create_subprocess_exec(
                self._program,
                "serve",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # it must not carry an answer into the log
                limit=LINE_LIMIT,
            )
        if process.stdin is None or process.stdout is None:
            raise UnjudgedError(f"{PROGRAM} has no input")
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()
        return await process.stdout.readline()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _credential_in(line: bytes, number: int) -> bool:
    """Whether an answer names a credential; an answer of another form, or to another question, is none."""
    try:
        answer = json.loads(line)
        if answer["id"] == number and not answer.get("error"):
            return any(hit["detector"].startswith(CREDENTIALS) for hit in answer["hits"])
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise UnjudgedError(f"{PROGRAM} gave no answer")
