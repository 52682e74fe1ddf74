"""One set of cases for every gateway engine: real sockets, real SDKs, real Redis; only the model providers are played."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
