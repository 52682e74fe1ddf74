"""An issuer of service-account tokens, as an API server makes them for pods."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.engines import GATEWAY

NAME = "https://issuer.conformance"


class Issuer:
    """A key, the JWKS that holds its public part, and tokens signed with it."""

    def __init__(self, kid: str = "conformance") -> None:
        self.kid = kid
        self._key = ec.generate_private_key(ec.SECP256R1())

    def write_jwks(self, path: Path) -> Path:
        """The public key as engines read it."""
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        path.write_text(json.dumps({"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "ES256"}]}))
        return path

    def token(self, agent: str, **changes: Any) -> str:
        """A pod-bound token of an agent, `<namespace>/<name>`.

        Args:
            agent: whose token it is.
            changes: claims that differ from the good ones; None leaves a claim out.
        """
        claims = {**claims_of(agent), **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self._key, algorithm="ES256", headers={"kid": self.kid})

    def reader(self) -> str:
        """The operator's token, which reads state and usage."""
        return self.token("agentops-system/agentops-operator", aud=["agentops-relay"])

    def gateway(self) -> str:
        """The shared gateway's token for gateways of tenants."""
        return self.token(GATEWAY, aud=["agentops-tenant-gateway"])


def claims_of(agent: str) -> dict[str, Any]:
    """Claims that are accepted: issuer, audience, times, and the pod that the token is bound to."""
    namespace, name = agent.split("/")
    now = int(time.time())
    return {
        "iss": NAME,
        "aud": [f"agentops/{agent}"],
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": "0b0e2f3c-account"},
            "pod": {"name": f"{name}-0", "uid": f"{name}-pod-uid"},
            "node": {"name": "node", "uid": "node-uid"},
        },
    }


def unsigned(agent: str) -> str:
    """A token that says it needs no signature."""
    return jwt.encode(claims_of(agent), None, algorithm="none", headers={"kid": "conformance"})
