from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from klink.backups import BackupPlan, Source, make
from klink.web.parts import EXTENSION
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


def test_backups_are_listed_with_when_and_size(office: Office, tmp_path: Path):
    source = Source(tmp_path, "1.2.3", check=lambda *_: None)
    plan = BackupPlan(source, tmp_path / "backups")
    app = office.house.app
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], backups=plan)
    owner = office.sign_in("owner")
    assert "none in" in owner.get(PATH).text
    old = make(source, plan.folder, office.now - timedelta(days=1))
    page = owner.get(PATH).text
    assert "1 day old" in page
    assert page.index(">Newest backup<") < page.index(">Version<")  # it should be younger
    new = make(source, plan.folder, office.now)
    (plan.folder / "klink-20260101T000000Z.tar").write_text("half")
    page = owner.get(PATH).text
    assert page.index(new.path.name) < page.index(old.path.name)
    assert "klink-20260101T000000Z.tar" in page
    assert "is no backup of klink" in page
    assert "KiB" in page
