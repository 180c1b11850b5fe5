from __future__ import annotations

from tests.admin.office import Office

PATH = "/admin/settings/health"


def test_only_who_runs_the_server_sees_how_it_is(office: Office):
    for person in (office.sign_in("admin"), office.sign_in("editor"), office.stranger()):
        assert person.get(PATH).status_code == 403


def test_facts_are_told_with_what_to_do(office: Office):
    page = office.sign_in("owner").get(PATH).text
    for name in ("Version", "Database", "Schema", "Counting of clicks", "Countries", "Proxies"):
        assert f">{name}<" in page
    assert "[geoip] database" in page


def test_coming_through_a_proxy_that_is_not_trusted_is_told_first(office: Office):
    owner = office.sign_in("owner")
    page = owner.get(PATH, headers={"X-Forwarded-For": "192.0.2.1"}).text
    assert "you have come through one that is not trusted" in page
    assert "things need you" in page or "One thing needs you" in page
    assert page.index(">Proxies<") < page.index(">Version<")
