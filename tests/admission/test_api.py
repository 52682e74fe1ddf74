"""The API server as these tests reach it."""

import gc
import socket

from tests.admission.apiserver import Api


def test_connection_that_the_server_gave_up_is_made_anew(api: Api) -> None:
    """It does so while another server is busy for minutes; the old socket is closed, as one left open fails the next test."""
    assert api.call("GET", "/readyz")[0] == 200
    assert api._connection is not None
    api._connection.sock.shutdown(socket.SHUT_RDWR)
    assert api.call("GET", "/readyz")[0] == 200
    gc.collect()
