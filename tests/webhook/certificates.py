"""Certificates as docs/injection.md makes them."""

import subprocess
from pathlib import Path


def make(directory: Path, *names: str) -> Path:
    """Writes `tls.crt` and `tls.key` for these names; returns the certificate, which is its own authority."""
    directory.mkdir(parents=True, exist_ok=True)
    certificate, key = directory / "tls.crt", directory / "tls.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", "/CN=agentops-webhook"]
    alternatives = ["-addext", "subjectAltName=" + ",".join(names)]
    subprocess.run([*command, *alternatives, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate
