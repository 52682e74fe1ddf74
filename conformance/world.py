"""The process that plays all providers: `python -m conformance.world PORT TLS_PORT PROXY_PORT DIRECTORY`.

At PORT are those that a case names itself, and what it says to them; behind the proxy those at addresses of their own.
"""

import asyncio
import ssl
import sys
from pathlib import Path

from aiohttp import web

from conformance.internet import certify, lead
from conformance.protocols import hosts
from conformance.protocols.vertex import Accounts
from demo.fake_provider.server import application
from demo.fake_provider.state import STATE


async def play(port: int, tls_port: int, proxy_port: int, directory: Path) -> None:
    """Serves until it is ended."""
    plain, accounts = application(), Accounts()
    (directory / "account.json").write_text(accounts.json())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certify(hosts.HOSTS, directory))
    await _serve(hosts.application(plain[STATE], accounts), tls_port, context)
    await asyncio.start_server(lead(hosts.HOSTS, tls_port), "127.0.0.1", proxy_port)
    await _serve(plain, port)  # the last: who finds it open finds all
    await asyncio.Event().wait()


async def _serve(app: web.Application, port: int, context: ssl.SSLContext | None = None) -> None:
    # A caller that hangs up ends the work for it.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()


if __name__ == "__main__":
    ports = [int(argument) for argument in sys.argv[1:4]]
    asyncio.run(play(ports[0], ports[1], ports[2], Path(sys.argv[4])))
