"""The serving certificate: read from files, and again when they change, without a restart."""

import asyncio
import hashlib
import logging
import ssl
from pathlib import Path

from agentops_operator.webhook.metrics import WebhookMetrics

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 10.0  # the kubelet itself takes up to a minute to renew the files


class Certificate:
    """A TLS context whose certificate follows `tls.crt` and `tls.key` of a directory."""

    def __init__(self, directory: Path, metrics: WebhookMetrics) -> None:
        self._files = (directory / "tls.crt", directory / "tls.key")
        self._metrics = metrics
        self._digest = ""
        self.context = _context()

    def load(self) -> None:
        """Takes what the files hold now.

        Raises:
            OSError: a file cannot be read, or certificate and key do not belong together.
        """
        digest = self._read()
        # Tried elsewhere first: a pair that does not fit leaves a context without its key, and nobody could connect any more.
        _context().load_cert_chain(*self._files)
        self.context.load_cert_chain(*self._files)
        self._digest = digest
        self._metrics.certificate_reads.inc()
        LOG.info("serving with the certificate of %s", self._files[0])

    def look(self) -> None:
        """Loads the files when they changed; what cannot be used is reported, and the old certificate stays."""
        try:
            if self._read() != self._digest:
                self.load()
        except OSError as error:
            self._metrics.certificate_errors.inc()
            LOG.warning("the certificate cannot be used, the old one stays: %s", error)

    async def follow(self, every: float = LOOK_SECONDS) -> None:
        """Looks again and again."""
        while True:
            await asyncio.sleep(every)
            self.look()

    def _read(self) -> str:
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in self._files)).hexdigest()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The API server calls webhooks with HTTP/1.1 only.
    context.set_alpn_protocols(["http/1.1"])
    return context
