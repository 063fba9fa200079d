"""Ports for the embedded broker, for roles told to find one themselves, and for the tests."""

import socket
from pathlib import Path

from dispatch.bus import embedded


def test_a_free_port_is_one_that_no_outgoing_connection_gets() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = [embedded.free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)
    assert all(embedded.LOWEST_PORT <= port < first for port in ports)
    for port in ports:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", port))
