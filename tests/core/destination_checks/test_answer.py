"""What is asked of a destination, and what its answer is called."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
import trustme

from klink.core.destination_checks import Answer, Problem, ask
from tests.fetching import sites
from tests.fetching.sites import PUBLIC, Visit, World, page, redirect

URL = "http://site.example/page"


@pytest.fixture
def world() -> Iterator[World]:
    with sites.world() as made:
        yield made


def look(world: World, url: str = URL) -> Answer:
    return ask(world.fetcher(), url, "site.example")


def methods(world: World) -> list[bytes]:
    return [request.split()[0] for request in world.sites[0].requests]


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 418, 429])
def test_an_answer_is_no_problem(world: World, status: int):
    world.site(page(b"", status=b"%d x" % status))
    assert look(world) == Answer(status=status)
    assert methods(world) == [b"HEAD"]


@pytest.mark.parametrize(
    "status, problem",
    [
        (404, Problem.NOT_FOUND),
        (410, Problem.NOT_FOUND),
        (500, Problem.SERVER_ERROR),
        (503, Problem.SERVER_ERROR),
    ],
)
def test_a_bad_status_is_a_problem_once_get_gives_it_too(
    world: World, status: int, problem: Problem
):
    world.site(page(b"", status=b"%d x" % status))
    assert look(world) == Answer(problem, status)
    assert methods(world) == [b"HEAD", b"GET"]


@pytest.mark.parametrize("status", [404, 405, 500, 501])
def test_a_site_that_knows_no_head_is_asked_by_get(world: World, status: int):
    def answer(visit: Visit) -> None:
        is_head = visit.request.startswith(b"HEAD")
        visit.send(page(b"x" * 50_000, status=b"%d x" % status if is_head else b"200 OK"))

    world.site(answer)
    assert look(world) == Answer(status=200)
    assert methods(world) == [b"HEAD", b"GET"]


def test_a_site_that_hangs_up_on_head_is_asked_by_get(world: World):
    def answer(visit: Visit) -> None:
        if visit.request.startswith(b"GET"):
            visit.send(page(b"here"))

    world.site(answer)
    assert look(world) == Answer(status=200)


def test_a_site_that_says_when_to_come_back_is_not_asked_twice(world: World):
    world.site(page(b"", b"Retry-After: 120", status=b"503 x"))
    assert look(world) == Answer(Problem.SERVER_ERROR, 503, None, 120)
    assert methods(world) == [b"HEAD"]


def test_another_host_at_the_end_of_redirects_is_named(world: World):
    world.names.known["other.example"] = [[PUBLIC]]

    def answer(visit: Visit) -> None:
        is_first = b"Host: site.example" in visit.request
        visit.send(redirect(b"http://other.example/x") if is_first else page(b""))

    world.site(answer)
    assert look(world) == Answer(status=200, final_host="other.example")


def test_redirects_without_end_are_a_problem(world: World):
    world.site(redirect(b"/again"))
    assert look(world) == Answer(Problem.TOO_MANY_REDIRECTS)
    assert len(world.sites[0].requests) == 6


@pytest.mark.parametrize(
    "to", [b"http://127.0.0.1/", b"http://169.254.169.254/latest", b"//localhost"]
)
def test_a_redirect_to_the_inside_is_refused(world: World, to: bytes):
    world.site(redirect(to))
    assert look(world) == Answer(Problem.REFUSED)
    assert len(world.sites[0].requests) == 1


def test_a_destination_on_the_inside_is_refused(world: World):
    assert look(world, "http://10.0.0.7/") == Answer(Problem.REFUSED)
    assert world.wire.asked == []


def test_a_redirect_to_an_app_is_no_problem(world: World):
    world.site(redirect(b"intent://open/page"))
    assert look(world) == Answer()


def test_nobody_there_is_unreachable(world: World):
    world.wire.dead = (PUBLIC,)
    assert look(world) == Answer(Problem.UNREACHABLE)


def test_a_name_that_is_none_is_unreachable(world: World):
    world.names.known.clear()
    assert look(world) == Answer(Problem.UNREACHABLE)


def test_a_certificate_of_somebody_else_is_a_problem(world: World):
    authority = trustme.CA()
    world.trust = ssl.create_default_context()
    authority.configure_trust(world.trust)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(context)
    world.site(page(b""), tls=context)
    assert look(world, "https://site.example/") == Answer(Problem.CERTIFICATE)
