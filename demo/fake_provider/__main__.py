"""Serves the providers: `python -m demo.fake_provider [port, else 8080]`."""

import sys

from aiohttp import web

from demo.fake_provider.server import application

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    # Prompts hold what people typed: requests are not logged. A caller that hangs up ends the work for it.
    web.run_app(application(), port=port, access_log=None, print=None, handler_cancellation=True, shutdown_timeout=1)
