"""Amazon's signature of requests (version 4), checked, and its frames of event streams."""

import hashlib
import hmac
import re
import struct
import zlib
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web

from demo.fake_provider.state import KINDS, RefusedError

FORM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<day>\d{8})/(?P<region>[\w-]+)/(?P<service>\w+)/aws4_request, "
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
NEEDED = {"host", "x-amz-date"}


def secret_of(access_key: str) -> str:
    """The secret that belongs to an access key, whichever it is."""
    return f"secret-of-{access_key}"


def signed_by(request: web.Request, body: bytes, region: str, service: str) -> str:
    """The access key whose secret signed the request, for this region, this service and this body."""
    found = FORM.fullmatch(request.headers.get("Authorization", ""))
    if not found:
        raise RefusedError(401, KINDS[401], "the request is not signed")
    if (found["region"], found["service"]) != (region, service):
        raise RefusedError(401, KINDS[401], f"Credential should be scoped to {region}/{service}")
    names = found["names"].split(";")
    if not NEEDED.issubset(names):
        raise RefusedError(401, KINDS[401], "host and date must be signed")
    digest = hashlib.sha256(body).hexdigest()
    scope = f"{found['day']}/{region}/{service}/aws4_request"
    canonical = hashlib.sha256(_canonical(request, names, digest).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{canonical}"
    if not hmac.compare_digest(_sign(_key(found["key"], scope), text).hex(), found["signature"]):
        raise RefusedError(401, KINDS[401], "the signature does not match")
    return str(found["key"])


def _canonical(request: web.Request, names: list[str], digest: str) -> str:
    """The path is encoded once more than it is sent, as every service but the object store wants it."""
    path, _, query = request.raw_path.partition("?")
    headers = [f"{name}:{' '.join(request.headers[name].split())}" for name in names]
    return "\n".join([request.method, quote(path, safe="/~"), query, *headers, "", ";".join(names), digest])


def _key(access_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_of(access_key)}".encode()
    for part in scope.split("/"):
        key = _sign(key, part)
    return key


def _sign(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message of an event stream; both sums are CRC32."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    return struct.pack("!B", len(name)) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
