"""Ports for the embedded broker, for roles told to find one themselves, and for the tests."""

import pytest

from dispatch.bus import embedded


def test_a_free_port_is_one_that_no_outgoing_connection_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_first_outgoing", lambda: 32_768)
    ports = [embedded.free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)
    assert all(embedded.LOWEST_PORT <= port < 32_768 for port in ports)


@pytest.mark.parametrize("first", [1024, embedded.LOWEST_PORT, embedded.LOWEST_PORT + 2])
def test_where_too_few_are_below_it_is_one_of_the_others(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_first_outgoing", lambda: first)
    ports = [embedded.free_port() for _ in range(20)]
    assert len(set(ports)) == len(ports)
