"""Own domains through every door: the default is everybody's, and no office is on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialects.house import House
from tests.dialects.speakers import SPEAKERS, URL, Speaker

HOST = "go.acme.example"
AT = f"/api/v1/domains/{HOST}"


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_new_link_that_names_no_domain_goes_to_the_default(
    house: House, speaker: Speaker
) -> None:
    house.domain(HOST)
    person, owner = house.person(speaker.name), house.person("klink")
    before = speaker.make(person)
    assert before.short_url == f"https://go.example.org/{before.slug}"
    assert owner.ask("PATCH", AT, json={"is_default": True}).status_code == 200
    made = speaker.make(person, f"{URL}2")
    assert made.short_url == f"https://{HOST}/{made.slug}"
    assert house.visit(made.short_url).headers["Location"] == f"{URL}2"
    assert house.visit(before.short_url).status_code == 302
    assert house.visit(f"https://go.example.org/{made.slug}").status_code == 404
    away = speaker.make(house.person(speaker.name, workspace="elsewhere"))
    assert away.short_url.startswith("https://go.example.org/")


def test_qklnk_names_another_domain_than_the_default(house: House) -> None:
    house.domain(HOST)
    house.person("klink").ask("PATCH", AT, json={"is_default": True})
    person = house.person("qklnk")
    for named, domain in (({}, HOST), ({"domain": "go.example.org"}, "go.example.org")):
        made = person.post("/api/v1/links", {"destination": URL, **named}).json["data"]
        assert (made["domain"], made["short_url"]) == (domain, f"https://{domain}/{made['slug']}")
    reply = person.post("/api/v1/links", {"destination": URL, "domain": "other.example"})
    assert reply.status_code == 422
    assert set(reply.json["errors"]) == {"domain"}


def test_links_made_without_a_key_go_to_the_default_too(house: House) -> None:
    house.configure(anonymous=True)
    owner = house.person("klink", workspace="anonymous")
    house.domain(HOST, workspace_id=owner.workspace_id)
    owner.ask("PATCH", AT, json={"is_default": True})
    reply = house.ask("POST", "/klookup/api/v1/links", json={"url": URL})
    assert reply.status_code == 201, reply.text
    assert reply.json["data"]["short_url"].startswith(f"https://{HOST}/")


@pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_no_api_answers_on_a_verified_domain(house: House, speaker: Speaker) -> None:
    house.domain(HOST)
    person = house.person(speaker.name)
    for path in (speaker.path, speaker.mount, "/api/docs", "/api/openapi.json"):
        reply = person.get(path, base_url=f"https://{HOST}")
        assert (reply.status_code, reply.json["code"]) == (421, "wrong_host")
    told = person.get("/admin", base_url=f"https://{HOST}")
    assert (told.status_code, told.mimetype) == (421, "text/plain")
    for path in ("/health", "/ready"):
        reply = person.get(path, base_url=f"https://{HOST}", peer="127.0.0.1")
        assert reply.status_code == 200


def test_a_domain_is_claimed_at_its_explicit_mount_too(house: House) -> None:
    owner = house.person("klink")
    reply = owner.post("/klink/api/v1/domains", {"host": HOST})
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"/klink/api/v1/domains/{HOST}"
    assert owner.get(f"/klink/api/v1/domains/{HOST}").json == reply.json


def test_a_host_of_a_dialect_is_no_domain(db: str, tmp_path: Path) -> None:
    house = House(tmp_path, office_hosts=frozenset({"api.example.net"}))
    reply = house.person("klink").post("/api/v1/domains", {"host": "API.example.net"})
    assert reply.status_code == 422
    assert "dialects.hosts" in reply.json["errors"]["host"][0]
    house.close()


@pytest.mark.parametrize("require_https", [False, True])
def test_a_proxy_may_ask_which_hosts_are_served(house: House, require_https: bool) -> None:
    def asked(host: str, base_url: str = "http://127.0.0.1:8080") -> int:
        query = {"domain": host}
        path = "/api/domains/known"
        return house.ask("GET", path, query_string=query, base_url=base_url).status_code

    house.configure(require_https=require_https)
    house.domain(HOST)
    house.person("klink").post("/api/v1/domains", {"host": "b.acme.example"})
    served = [asked(host) for host in (HOST, HOST.upper(), f"{HOST}.", "go.example.org")]
    assert served == [200] * 4
    hosts = ("b.acme.example", "c.example", "", "\0", "127.0.0.1", f"x.{HOST}", f"{HOST}:443")
    assert [asked(host) for host in hosts] == [404] * len(hosts)
    assert asked(HOST, f"https://{HOST}") == 421
