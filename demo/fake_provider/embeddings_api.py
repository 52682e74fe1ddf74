"""OpenAI's API: embeddings and the list of models."""

import base64
import hashlib
import struct

from aiohttp import web

from demo.fake_provider.bill import PRICES, Usage
from demo.fake_provider.conversation import count_tokens
from demo.fake_provider.openai_api import CREATED
from demo.fake_provider.state import STATE, admit
from demo.fake_provider.stream import send_whole

DIMENSIONS = 64


async def embed(request: web.Request) -> web.Response:
    """`POST /v1/embeddings`."""
    call = await admit(request, "input")
    body, bill = call.body, request.app[STATE].bill
    texts = [str(text) for text in (body["input"] if isinstance(body["input"], list) else [body["input"]])]
    vectors = [_vector(text, int(body.get("dimensions") or DIMENSIONS)) for text in texts]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(vectors)
    ]
    tokens = sum(count_tokens(text) for text in texts)
    stated = Usage(tokens).times(call.fault.usage_factor).input
    usage = {} if call.fault.no_usage else {"usage": {"prompt_tokens": stated, "total_tokens": stated}}
    sent: list[str] = []
    response = send_whole(call.fault, {"object": "list", "model": body["model"], "data": data, **usage}, "", sent)
    if sent:
        bill.charge(call.account, Usage(tokens))
    else:
        bill.fail(call.account)
    return response


def _vector(text: str, size: int) -> list[float]:
    digest = hashlib.shake_256(text.encode()).digest(size)
    return [(byte - 127.5) / 127.5 for byte in digest]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


async def models(_: web.Request) -> web.Response:
    """`GET /v1/models`."""
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "fake"} for name in PRICES]
    return web.json_response({"object": "list", "data": data})
