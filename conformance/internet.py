"""The way from a gateway to the providers: a proxy that leads their addresses to the played ones, and nothing anywhere else."""

import asyncio
import contextlib
import datetime
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Lead = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def lead(hosts: Iterable[str], port: int) -> Lead:
    """Handles connections to the proxy: `CONNECT host:443` of a played host is led to the port."""
    known = {f"{host}:443" for host in hosts}

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            method, target, _ = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
            if method != b"CONNECT" or target.decode() not in known:
                writer.write(b"HTTP/1.1 502 Nobody is played there\r\n\r\n")
                await writer.drain()
                return
            played = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            with contextlib.closing(played[1]):
                await _first_end(_pass(reader, played[1]), _pass(played[0], writer))

    return connection


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def _first_end(*ways: Awaitable[None]) -> None:
    """A connection that ends at one side ends at both."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def certify(hosts: Iterable[str], directory: Path) -> tuple[Path, Path]:
    """Writes `ca.pem`, and a certificate of all hosts with its key; returns the latter two."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "conformance")])
    now = datetime.datetime.now(datetime.UTC)

    def builder(public: ec.EllipticCurvePublicKey, subject: x509.Name) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder(name, subject, public, x509.random_serial_number())
        return made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))

    root = builder(authority.public_key(), name).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    leaf = builder(key.public_key(), x509.Name([])).add_extension(names, critical=True)
    (directory / "ca.pem").write_bytes(root.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    certificate, private = directory / "hosts.pem", directory / "hosts.key"
    certificate.write_bytes(leaf.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    return certificate, private
