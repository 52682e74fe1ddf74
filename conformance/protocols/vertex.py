"""Vertex: Google's models and Anthropic's in one region of one project, and tokens for a service account."""

import json
import time

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from conformance.protocols import gemini
from conformance.protocols.played import Handler, bearer, host
from demo.fake_provider.anthropic_api import MESSAGES
from demo.fake_provider.api import handler_of
from demo.fake_provider.state import RefusedError, State

PROJECT, REGION = "shop-project", "europe-west4"
ACCOUNT = "gateway@shop-project.iam.gserviceaccount.com"
TOKENS = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def application(name: str, state: State) -> web.Application:
    """The models of the region; nothing of another project or region is here."""
    routes: dict[str, Handler] = {}
    for version in ("v1", "v1beta1"):
        publishers = f"/{version}/projects/{PROJECT}/locations/{REGION}/publishers"
        routes |= gemini.routes(f"{publishers}/google/models")
        for verb in ("rawPredict", "streamRawPredict"):
            routes[f"{publishers}/anthropic/models/{{model:[^/:]+}}:{verb}"] = handler_of(MESSAGES)
    return host(name, state, gemini.refuse, routes, _admit)


async def _admit(request: web.Request) -> None:
    token = bearer(request)
    if not token.startswith("ya29."):
        raise RefusedError(401, "UNAUTHENTICATED", "the token was not given by the token endpoint")
    request["key"] = token
    if "/publishers/anthropic/" not in request.path:
        gemini.read_path(request)
        return
    request["model"] = request.match_info["model"]
    body = await request.json()
    if body.get("anthropic_version") != "vertex-2023-10-16" or "model" in body:
        raise RefusedError(400, "INVALID_ARGUMENT", "anthropic_version is missing, or model stands in the body")


class Accounts:
    """Service accounts: one key, its JSON, and the endpoint that gives tokens for assertions signed with it."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def json(self) -> str:
        """The file that Google hands out for a service account."""
        kind, form, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private = self._key.private_bytes(kind, form, plain).decode()
        account = {"type": "service_account", "project_id": PROJECT, "private_key_id": "1", "client_email": ACCOUNT}
        return json.dumps({**account, "private_key": private, "client_id": "1", "token_uri": TOKENS})

    def application(self) -> web.Application:
        """The token endpoint."""
        app = web.Application()
        app.add_routes([web.post("/token", self._token)])
        return app

    async def _token(self, request: web.Request) -> web.Response:
        asked = await request.post()
        try:
            claims = jwt.decode(
                str(asked["assertion"]), self._key.public_key(), algorithms=["RS256"], audience=TOKENS, issuer=ACCOUNT
            )
        except (jwt.InvalidTokenError, KeyError) as error:
            return web.json_response({"error": "invalid_grant", "error_description": str(error)}, status=400)
        if claims["scope"] != SCOPE or asked["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return web.json_response({"error": "invalid_scope"}, status=400)
        return web.json_response({"access_token": f"ya29.{int(time.time())}", "expires_in": 3599, "token_type": "Bearer"})
