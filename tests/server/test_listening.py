"""Where the server listens, and what it says when it cannot."""

from __future__ import annotations

import socket

import pytest

from klink.server.listening import Address, CannotListen, bind


def close_all(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def test_a_free_port_is_chosen_and_is_the_same_for_every_address_of_a_name() -> None:
    bound = bind("localhost", 0)
    ports = {each.getsockname()[1] for each in bound}
    families = [each.family for each in bound]
    close_all(bound)
    assert len(ports) == 1
    assert 0 not in ports
    assert len(set(families)) == len(families)


def test_a_port_in_use_is_told_in_one_line() -> None:
    bound = bind("127.0.0.1", 0)
    bound[0].listen()
    port = bound[0].getsockname()[1]
    with pytest.raises(CannotListen) as told:
        bind("127.0.0.1", port)
    close_all(bound)
    assert str(told.value) == (
        f"cannot listen on 127.0.0.1:{port}: another program listens there already; "
        "stop it or set server.listen"
    )


@pytest.mark.parametrize("host", ["203.0.113.77", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told_in_one_line(host: str) -> None:
    with pytest.raises(CannotListen) as told:
        bind(host, 0)
    assert host in str(told.value)
    assert "server.listen" in str(told.value)
    assert "\n" not in str(told.value)


def test_an_address_is_written_as_in_a_url() -> None:
    assert str(Address("127.0.0.1", 80)) == "127.0.0.1:80"
    assert str(Address("::1", 8080)) == "[::1]:8080"
