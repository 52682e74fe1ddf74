"""The agent's Service as target: each question is asked once, by POST."""

import asyncio
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import aiohttp

from agentops_evals.results import Answer, UnjudgedError

CASE_SECONDS = 60.0
ANSWER_LIMIT = 4 * 1024 * 1024  # an agent that streams without end must not fill the memory


class ServiceTarget:
    """Asks one URL. Errors say what happened in fixed words; the agent's own words stay out of them."""

    def __init__(self, session: aiohttp.ClientSession, url: str, remaining: Callable[[], float]) -> None:
        self._session = session
        self._url = url
        self._remaining = remaining

    async def ask(self, question: Any) -> Answer:
        """The answer to a question, with the time that it took."""
        seconds = min(CASE_SECONDS, self._remaining())
        if seconds <= 0:
            raise UnjudgedError("not asked: the run was out of time")
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                body = await self._post(question)
        except TimeoutError:
            raise UnjudgedError("the agent did not answer in time") from None
        except aiohttp.ClientError as error:
            raise UnjudgedError(f"the agent could not be reached ({type(error).__name__})") from None
        return Answer(_output(body), time.monotonic() - started, whole=body.decode("utf-8", "replace"))

    async def _post(self, question: Any) -> bytes:
        # A redirect would carry the question to another host.
        async with self._session.post(self._url, json={"input": question}, allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise UnjudgedError(f"the agent answered HTTP {response.status}")
            body = b""
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    raise UnjudgedError(f"the answer is longer than {ANSWER_LIMIT} bytes")
            return body


def service_url(name: str, namespace: str, port: int, path: str) -> str:
    """URL of a path of a Service."""
    return f"http://{name}.{namespace}.svc:{port}{path}"


def _output(body: bytes) -> str:
    try:
        output = json.loads(body)["output"]
    except (ValueError, KeyError, TypeError):
        raise UnjudgedError('the answer is not JSON of the form {"output": …}') from None
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
