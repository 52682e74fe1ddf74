"""Serves the provider on port 8080."""

from aiohttp import web

from demo.fake_provider.server import application

if __name__ == "__main__":
    # Prompts hold what people typed: requests are not logged.
    web.run_app(application(), port=8080, access_log=None, print=None)
