"""A real Redis, as durable as the product runs it."""

import shutil
import socket
from pathlib import Path

from conformance.processes import Process, free_port, until


class Store:
    """A Redis server that may be killed and started again with what it had."""

    def __init__(self, directory: Path) -> None:
        if not shutil.which("redis-server"):
            raise RuntimeError("redis-server is not installed: `make redis` installs Debian's package")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self._frozen = False
        self.start()

    def start(self) -> None:
        """Starts it; also after `kill`."""
        options = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self._directory), "save": ""}
        durable = {"appendonly": "yes", "appendfsync": "always"}
        arguments = [part for name, value in (options | durable).items() for part in (f"--{name}", value)]
        self._process = Process(["redis-server", *arguments], self._directory / "redis.log")
        self._process.wait_for(self.port)
        until(lambda: self._says("PING").startswith(b"+PONG"), "redis does not answer")

    def kill(self) -> None:
        """Ends it without a word."""
        self._process.kill()
        self._frozen = False

    def freeze(self) -> None:
        """Lets it hang: connections stay open and nobody is answered."""
        self._process.freeze()
        self._frozen = True

    def running(self) -> bool:
        """Whether it was not killed."""
        return not self._process.ended()

    def flush(self) -> None:
        """Forgets everything, so that no case sees another's counts."""
        if self._frozen:
            self.kill()
        if not self.running():
            self.start()
        # Just started it reads its file, and says LOADING to everybody.
        until(lambda: self._says("FLUSHALL").startswith(b"+OK"), "redis does not forget")

    def _says(self, command: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(64)
