"""What the configuration promises: contract, "Configuration"."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from klink.config import (
    DIALECTS,
    ConfigError,
    Plan,
    all_settings,
    example_toml,
    join_listen,
    load,
)

ROOT = Path(__file__).parents[1]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write ``config.toml`` and give its path."""

    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def refusal(text: str, cwd: Path, **env: str) -> str:
    """The error that a configuration file and an environment get."""
    file = cwd / "config.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, env, cwd)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Defaults and the example


def test_without_a_file_everything_has_its_default(tmp_path):
    config = load(None, {}, tmp_path)
    assert config.file is None
    assert config.data_dir == tmp_path / "data"
    assert config.server.listen == "127.0.0.1:8080"
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8080)
    assert config.server.base_url == "http://127.0.0.1:8080"
    assert config.server.trusted_proxies == ()
    assert config.server.require_https is False
    assert config.server.threads == 4
    assert config.database.url == "sqlite:///klink.db"
    assert config.clicks.fsync_every_s == 1.0
    assert config.cache.max_bytes == 67_108_864
    assert config.geoip_file == tmp_path / "data" / "geoip.mmdb"
    assert config.geoip.country_header == ""
    assert config.captcha.provider == "altcha"
    assert config.captcha.turnstile_site_key == config.captcha.turnstile_secret == ""
    assert config.captcha.turnstile_verify_url == (
        "https://challenges.cloudflare.com/turnstile/v0/siteverify"
    )
    assert config.keys.max_active_per_user == 10
    assert config.privacy.keep_clicks_days == 400
    assert config.jobs.enabled is True
    assert config.jobs.expire_every_s == 60.0
    assert config.dialects.default == "klink"
    assert config.dialects.hosts == {}
    assert config.dialects.plans == {
        "klink": "unlimited",
        "klinky": "klinky-scale",
        "qklnk": "qklnk",
        "kliqs": "unlimited",
        "klookup": "unlimited",
    }
    assert config.dialects.klinky.shown_limit == 1_000_000
    assert config.dialects.klinky.keyless_per_hour == 60
    assert config.dialects.klookup.require_post_id is True
    assert config.dialects.klookup.anonymous is False
    assert config.dialects.klookup.anonymous_links_per_day == 5
    assert config.conversions.names == (
        "purchase", "register", "signup", "subscribe", "checkout", "download", "lead",
    )  # fmt: skip
    assert ip_network("fc00::/7") in config.metrics.allow
    assert len(config.metrics.allow) == 6


def test_the_example_file_is_what_the_settings_say():
    written = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert written == example_toml(), "run: python -m klink.config > config.example.toml"


def test_the_example_file_changes_nothing(tmp_path, write):
    assert load(write(example_toml()), {}, tmp_path) == load(None, {}, tmp_path / "")


def test_the_example_file_holds_every_setting_with_its_help():
    tables = tomllib.loads(example_toml())
    for setting in all_settings().values():
        value: object = tables
        for key in setting.name.split("."):
            assert isinstance(value, dict)
            value = value[key]
        assert value == setting.default
        assert setting.help.split()[0] in example_toml()


def test_the_example_file_fits_in_a_window():
    assert max(map(len, example_toml().splitlines())) <= 100


def test_the_plans_of_the_products_are_built_in(tmp_path):
    plans = load(None, {}, tmp_path).plans
    assert plans["unlimited"] == Plan(None, None, None, None, api_access=True)
    assert plans["klinky-free"].api_access is False
    assert plans["klinky-starter"].api_access is False
    assert plans["klinky-growth"].requests_per_hour == 100
    assert plans["klinky-scale"].requests_per_hour == 1000
    assert plans["qklnk"].requests_per_minute == 60
    kliqs = [plans[f"kliqs-{size}"] for size in ("free", "starter", "pro", "business")]
    assert [plan.requests_per_month for plan in kliqs] == [30, 1000, 10_000, 30_000]
    assert [plan.max_links for plan in kliqs] == [5, 50, 200, 500]


# Which file, and what wins


def test_config_toml_in_the_current_folder_is_found(tmp_path, write):
    file = write("[server]\nthreads = 2\n")
    config = load(None, {}, tmp_path)
    assert (config.file, config.server.threads) == (file, 2)


def test_the_file_of_the_environment_wins_over_the_current_folder(tmp_path, write):
    write("[server]\nthreads = 2\n")
    (tmp_path / "other.toml").write_text("[server]\nthreads = 3\n")
    assert load(None, {"KLINK_CONFIG": "other.toml"}, tmp_path).server.threads == 3


def test_the_file_of_the_command_line_wins_over_the_environment(tmp_path, write):
    file = write("[server]\nthreads = 2\n")
    assert load(file, {"KLINK_CONFIG": "/no/such.toml"}, tmp_path).server.threads == 2


def test_an_empty_klink_config_is_none(tmp_path):
    assert load(None, {"KLINK_CONFIG": ""}, tmp_path).file is None


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path, write):
    file = write('[server]\nlisten = "127.0.0.1:1"\nthreads = 2\n')
    env = {"KLINK_SERVER__LISTEN": "127.0.0.1:2", "KLINK_SERVER__THREADS": "3"}
    config = load(file, env, tmp_path, {"server.listen": "127.0.0.1:3"})
    assert (config.server.port, config.server.threads) == (3, 3)


def test_a_named_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*gone\.toml: No such file"):
        load(Path("gone.toml"), {}, tmp_path)


def test_a_file_that_is_no_toml_is_refused_with_the_line(tmp_path):
    assert "line 2" in refusal("[server]\nthreads\n", tmp_path)


def test_a_file_that_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "config.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(None, {}, tmp_path)


def test_a_byte_order_mark_is_no_trouble(tmp_path, write):
    assert load(write("\ufeff[server]\nthreads = 2\n"), {}, tmp_path).server.threads == 2


# Paths


@pytest.mark.parametrize(
    "given,expected",
    [("data", "etc/data"), ("../var", "var"), ("./", "etc"), ("/srv/klink", "/srv/klink")],
)
def test_the_data_folder_is_relative_to_the_file(tmp_path, given, expected):
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "klink.toml"
    file.write_text(f"data_dir = {json.dumps(given)}\n")
    assert load(Path("etc/klink.toml"), {}, tmp_path).data_dir == tmp_path / expected


def test_the_data_folder_of_the_environment_needs_no_section(tmp_path):
    config = load(None, {"KLINK_DATA_DIR": "/data"}, tmp_path)
    assert config.data_dir == Path("/data")


def test_a_geoip_database_is_relative_to_the_data_folder(tmp_path):
    env = {"KLINK_GEOIP__DATABASE": "countries.mmdb"}
    assert load(None, env, tmp_path).geoip_file == tmp_path / "data" / "countries.mmdb"
    env = {"KLINK_GEOIP__DATABASE": "/srv/countries.mmdb"}
    assert load(None, env, tmp_path).geoip_file == Path("/srv/countries.mmdb")


# Values


@pytest.mark.parametrize(
    "fsync,seconds",
    [("always", 0.0), ("off", None), ("2s", 2.0), ("15m", 900.0), ("24h", 86_400.0)],
)
def test_fsync_is_always_off_or_a_duration(tmp_path, fsync, seconds):
    config = load(None, {"KLINK_CLICKS__FSYNC": fsync}, tmp_path)
    assert config.clicks.fsync_every_s == seconds


@pytest.mark.parametrize(
    "listen,host,port",
    [
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("[::1]:8080", "::1", 8080),
        ("[0:0::1]:8080", "::1", 8080),
        ("LocalHost:0", "localhost", 0),
    ],
)
def test_klink_listens_on_a_host_and_a_port(tmp_path, listen, host, port):
    server = load(None, {"KLINK_SERVER__LISTEN": listen}, tmp_path).server
    assert (server.host, server.port) == (host, port)
    assert server.listen == join_listen(host, port)


@pytest.mark.parametrize(
    "given,stored",
    [
        ("https://go.example.org/", "https://go.example.org"),
        ("HTTPS://Go.Example.Org:443", "https://go.example.org"),
        ("http://bücher.example:8080", "http://xn--bcher-kva.example:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_a_base_url_is_stored_as_the_url_standard_writes_it(tmp_path, given, stored):
    assert load(None, {"KLINK_SERVER__BASE_URL": given}, tmp_path).server.base_url == stored


@pytest.mark.parametrize(
    "listen,base_url",
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("0.0.0.0:80", "http://127.0.0.1"),
        ("[::]:8080", "http://[::1]:8080"),
    ],
)
def test_a_base_url_that_nobody_set_follows_the_port(tmp_path, listen, base_url):
    config = load(None, {}, tmp_path, {"server.listen": listen})
    assert config.server.base_url == base_url


@pytest.mark.parametrize(
    "given",
    ["10.0.0.0/8, ::1", '["10.0.0.0/8", "::1"]', "['10.0.0.0/8', '::1',]", "10.0.0.0/8,::1,"],
)
def test_a_list_in_the_environment_is_commas_json_or_toml(tmp_path, given):
    config = load(None, {"KLINK_SERVER__TRUSTED_PROXIES": given}, tmp_path)
    assert config.server.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def test_name_servers_are_addresses_with_or_without_a_port(tmp_path):
    given = {"KLINK_DOMAINS__NAMESERVERS": "9.9.9.9, 127.0.0.1:5353, 2620:fe::fe, [::1]:5353"}
    assert load(None, given, tmp_path).domains.nameservers == (
        ("9.9.9.9", 53),
        ("127.0.0.1", 5353),
        ("2620:fe::fe", 53),
        ("::1", 5353),
    )


def test_an_empty_list_in_the_environment_is_nobody(tmp_path):
    assert load(None, {"KLINK_METRICS__ALLOW": ""}, tmp_path).metrics.allow == ()


@pytest.mark.parametrize("given,value", [("true", True), ("1", True), ("False", False)])
def test_a_switch_in_the_environment_is_true_or_false(tmp_path, given, value):
    assert load(None, {"KLINK_JOBS__ENABLED": given}, tmp_path).jobs.enabled is value


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/my links/klink.db",
        "postgresql://klink:p%40ss%2Fword@db:5433/klink",
        "postgresql://klink:a?b#c:d,e@db,[::1]:5433,10.0.0.1/klink?sslmode=require",
        "postgresql://db",
        "postgresql://klink@db?dbname=klink",
        "postgresql:///klink?host=/run/postgresql",
    ],
)
def test_a_database_url_passes_as_it_is(tmp_path, url):
    assert load(None, {"KLINK_DATABASE__URL": url}, tmp_path).database.url == url


# Plans


def test_a_plan_in_the_file_takes_the_place_of_the_preset(tmp_path, write):
    file = write("[plans.kliqs-free]\nmax_links = 7\n[plans.own]\n[plans.klinky-free]\n")
    plans = load(file, {}, tmp_path).plans
    assert plans["kliqs-free"] == Plan(None, None, None, 7, api_access=True)
    assert plans["own"] == plans["klinky-free"] == plans["unlimited"]
    assert plans["qklnk"].requests_per_minute == 60


def test_the_environment_changes_one_limit_of_a_plan(tmp_path):
    env = {
        "KLINK_PLANS__KLIQS_FREE__MAX_LINKS": "7",
        "KLINK_PLANS__QKLNK__REQUESTS_PER_MINUTE": "unlimited",
    }
    plans = load(None, env, tmp_path).plans
    assert (plans["kliqs-free"].max_links, plans["kliqs-free"].requests_per_month) == (7, 30)
    assert plans["qklnk"].requests_per_minute is None


def test_a_dialect_may_have_a_plan_of_the_file(tmp_path, write):
    file = write('[plans.own]\nmax_links = 3\n[dialects.klink]\nplan = "own"\n')
    assert load(file, {}, tmp_path).dialects.klink.plan == "own"


# Dialects


@pytest.mark.parametrize(
    "text",
    [
        '[dialects.hosts]\n"Go.Example.org" = "klookup"\n"[::1]" = "kliqs"\n',
        '[dialects]\nhosts = { "go.example.org" = "klookup", "[0:0::1]" = "kliqs" }\n',
    ],
)
def test_hosts_have_dialects(tmp_path, write, text):
    hosts = load(write(text), {}, tmp_path).dialects.hosts
    assert hosts == {"go.example.org": "klookup", "[::1]": "kliqs"}


@pytest.mark.parametrize(
    "given",
    [
        "go.example.org=klookup, xn--bcher-kva.example = kliqs",
        "Go.Example.org.=klookup,bücher.example=kliqs,",
        '{"go.example.org" = "klookup", "bücher.example" = "kliqs"}',
    ],
)
def test_hosts_in_the_environment_are_pairs_or_an_inline_table(tmp_path, given):
    hosts = load(None, {"KLINK_DIALECTS__HOSTS": given}, tmp_path).dialects.hosts
    assert hosts == {"go.example.org": "klookup", "xn--bcher-kva.example": "kliqs"}


def test_no_hosts_in_the_environment_are_none(tmp_path):
    assert load(None, {"KLINK_DIALECTS__HOSTS": ""}, tmp_path).dialects.hosts == {}


@pytest.mark.parametrize(
    "text,reason",
    [
        ("default = 'klinki'", "(did you mean klink?)"),
        ("hosts = 'klookup'", "(it must be a table)"),
        ("hosts = {'a.test' = 'klookop'}", "(did you mean klookup?)"),
        ("hosts = {'a.test' = 1}", "(it must be a text in quotes)"),
        ("hosts = {'a.test:80' = 'kliqs'}", "('a.test:80' is no host without port)"),
        ("hosts = {'a.test/' = 'kliqs'}", "('a.test/' is no host without port)"),
        ("hosts = {'u@a.test' = 'kliqs'}", "('u@a.test' is no host without port)"),
        ("hosts = {'' = 'kliqs'}", "('' is no host without port)"),
        ("hosts = {'A.test' = 'kliqs', 'a.test' = 'klink'}", "(a.test is there twice)"),
        ("hosts = {a.test = 'kliqs'}", "(a host stands in quotes, because of its dots)"),
    ],
)
def test_a_wrong_host_or_dialect_is_refused_with_the_reason(tmp_path, text, reason):
    assert refusal(f"[dialects]\n{text}", tmp_path).endswith(reason)


@pytest.mark.parametrize(
    "given,reason",
    [
        ("go.example.org", "(write host=dialect, host=dialect)"),
        ("a.test=kliqs,a.test=klink", "(a.test is there twice)"),
        ("a.test=kliq", "(did you mean kliqs?)"),
    ],
)
def test_wrong_hosts_of_the_environment_are_refused_with_the_reason(tmp_path, given, reason):
    message = refusal("", tmp_path, KLINK_DIALECTS__HOSTS=given)
    assert "from KLINK_DIALECTS__HOSTS in the environment" in message
    assert message.endswith(reason)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_may_have_another_plan(tmp_path, dialect):
    env = {f"KLINK_DIALECTS__{dialect.upper()}__PLAN": "kliqs-pro"}
    assert load(None, env, tmp_path).dialects.plans[dialect] == "kliqs-pro"
    env = {f"KLINK_DIALECTS__{dialect.upper()}__PLAN": "kliqs-prro"}
    assert refusal("", tmp_path, **env).endswith("is no plan; did you mean kliqs-pro?")


def test_names_of_conversions_in_the_environment_stand_between_commas(tmp_path):
    env = {"KLINK_CONVERSIONS__NAMES": "sale, trial started"}
    assert load(None, env, tmp_path).conversions.names == ("sale", "trial started")


# Refusals


@pytest.mark.parametrize(
    "text,setting",
    [
        ("data_dir = ''", "data_dir"),
        ("data_dir = 3", "data_dir"),
        ("data_dir = '~/klink'", "data_dir"),
        ("data_dir = 'a\\u0000b'".replace("'", '"'), "data_dir"),
        ("[server]\nlisten = '8080'", "server.listen"),
        ("[server]\nlisten = ':8080'", "server.listen"),
        ("[server]\nlisten = '::1:8080'", "server.listen"),
        ("[server]\nlisten = '[::1]'", "server.listen"),
        ("[server]\nlisten = '127.0.0.1:65536'", "server.listen"),
        ("[server]\nlisten = '127.0.0.256:80'", "server.listen"),
        ("[server]\nlisten = 'a b:80'", "server.listen"),
        ("[server]\nbase_url = ''", "server.base_url"),
        ("[server]\nbase_url = 'go.example.org'", "server.base_url"),
        ("[server]\nbase_url = 'ftp://go.example.org'", "server.base_url"),
        ("[server]\nbase_url = 'https://'", "server.base_url"),
        ("[server]\nbase_url = 'https://go.example.org/l'", "server.base_url"),
        ("[server]\nbase_url = 'https://go.example.org/?a'", "server.base_url"),
        ("[server]\nbase_url = 'https://go.example.org#'", "server.base_url"),
        ("[server]\nbase_url = 'https://go.example.org\\n'".replace("'", '"'), "server.base_url"),
        ("[server]\ntrusted_proxies = '10.0.0.0/8'", "server.trusted_proxies"),
        ("[server]\ntrusted_proxies = ['10.0.0.1/8']", "server.trusted_proxies"),
        ("[server]\ntrusted_proxies = [10]", "server.trusted_proxies"),
        ("[domains]\nnameservers = '9.9.9.9'", "domains.nameservers"),
        ("[domains]\nnameservers = ['dns.example.org']", "domains.nameservers"),
        ("[domains]\nnameservers = ['9.9.9.9:70000']", "domains.nameservers"),
        ("[server]\nrequire_https = 1", "server.require_https"),
        ("[server]\nrequire_https = 'true'", "server.require_https"),
        ("[server]\nthreads = 0", "server.threads"),
        ("[server]\nthreads = true", "server.threads"),
        ("[server]\nthreads = '4'", "server.threads"),
        ("[server]\nthreads = 4.0", "server.threads"),
        ("[database]\nurl = 'sqlite:///'", "database.url"),
        ("[database]\nurl = 'sqlite://klink.db'", "database.url"),
        ("[database]\nurl = 'sqlite:///klink.db?mode=ro'", "database.url"),
        ("[database]\nurl = 'mysql://localhost/klink'", "database.url"),
        ("[database]\nurl = 'postgresql://'", "database.url"),
        ("[clicks]\nfsync = '0s'", "clicks.fsync"),
        ("[clicks]\nfsync = '1'", "clicks.fsync"),
        ("[clicks]\nfsync = 1", "clicks.fsync"),
        ("[clicks]\nfsync = '1 s'", "clicks.fsync"),
        ("[clicks]\nfsync = '999999999d'", "clicks.fsync"),
        ("[cache]\nmax_bytes = 1", "cache.max_bytes"),
        ("[geoip]\ncountry_header = 'a: b'", "geoip.country_header"),
        ("[geoip]\ndatabase = false", "geoip.database"),
        ("[keys]\nmax_active_per_user = -1", "keys.max_active_per_user"),
        ("[privacy]\nkeep_clicks_days = '400d'", "privacy.keep_clicks_days"),
        ("[jobs]\nexpire_every = 'off'", "jobs.expire_every"),
        ("[dialects.klink]\nplan = 'Gold!'", "dialects.klink.plan"),
        ("[dialects]\ndefault = 'gold'", "dialects.default"),
        ("[dialects]\ndefault = 1", "dialects.default"),
        ("[dialects.hosts]\n'a b' = 'klink'", "dialects.hosts"),
        ("[dialects.klinky]\nshown_limit = 0", "dialects.klinky.shown_limit"),
        ("[dialects.klinky]\nkeyless_per_hour = 'x'", "dialects.klinky.keyless_per_hour"),
        ("[dialects.klookup]\nanonymous = 1", "dialects.klookup.anonymous"),
        ("[conversions]\nnames = 'purchase'", "conversions.names"),
        ("[conversions]\nnames = ['']", "conversions.names"),
        ("[conversions]\nnames = [1]", "conversions.names"),
        ("[metrics]\nallow = ['localhost']", "metrics.allow"),
        ("[plans.own]\nmax_links = 0", "plans.own.max_links"),
        ("[plans.own]\napi_access = 'yes'", "plans.own.api_access"),
    ],
)
def test_a_wrong_value_is_refused_with_name_place_value_and_what_is_allowed(
    tmp_path, text, setting
):
    message = refusal(text, tmp_path)
    assert message.startswith(f"{setting} = ")
    assert f"in {tmp_path / 'config.toml'}: allowed is " in message


def test_a_wrong_value_of_the_environment_names_its_variable(tmp_path):
    message = refusal("", tmp_path, KLINK_SERVER__THREADS="many")
    assert message == (
        "server.threads = 'many' from KLINK_SERVER__THREADS in the environment: "
        "allowed is a whole number from 1 to 64"
    )


def test_a_wrong_list_of_the_environment_names_its_variable(tmp_path):
    assert "from KLINK_METRICS__ALLOW in" in refusal("", tmp_path, KLINK_METRICS__ALLOW="[1")


def test_a_network_with_host_bits_is_refused_with_the_reason(tmp_path):
    message = refusal("", tmp_path, KLINK_SERVER__TRUSTED_PROXIES="10.0.0.1/8")
    assert message.endswith("(10.0.0.1/8 has host bits set)")


def test_an_error_repeats_no_endless_value(tmp_path):
    assert len(refusal("", tmp_path, KLINK_SERVER__LISTEN="x" * 5000)) < 300


@pytest.mark.parametrize(
    "text,unknown,nearest",
    [
        ("[server]\nlistn = 'x'", "server.listn", "did you mean server.listen?"),
        ("[sever]\nlisten = 'x'", "sever", "did you mean [server]?"),
        ("listen = 'x'", "listen", "did you mean server.listen?"),
        ("max_active = 3", "max_active", "did you mean keys.max_active_per_user?"),
        ("[clicks]\nbase_url = 'x'", "clicks.base_url", "did you mean server.base_url?"),
        ("zzzzzz = 1", "zzzzzz", "known are data_dir, server.listen, "),
        ("[dialects.klik]\nplan = 'x'", "dialects.klik", "did you mean [dialects.klink]?"),
        ("[plans.own]\nmax_link = 1", "plans.own.max_link", "did you mean plans.own.max_links?"),
        ("[server.listen]\nhost = 'x'", "server.listen", "allowed is"),
        ("server = 'x'", "server", "write [server]"),
        ("[plans]\nown = 1", "plans.own", "write [plans.own]"),
        ("plans = 1", "plans", "write [plans.NAME]"),
        ("[plans.'a b']", "a b", "allowed is the name of a plan"),
        ("['a\\nb']".replace("'", '"'), "a\\nb", "unknown setting"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(tmp_path, text, unknown, nearest):
    message = refusal(text, tmp_path)
    assert unknown in message
    assert nearest in message
    assert str(tmp_path / "config.toml") in message


@pytest.mark.parametrize(
    "variable,nearest",
    [
        ("KLINK_SERVER__LISTN", "did you mean KLINK_SERVER__LISTEN?"),
        ("KLINK_SERVER__MAX_BYTES", "did you mean KLINK_CACHE__MAX_BYTES?"),
        ("KLINK_PLANS__KLIQ_FREE__MAX_LINKS", "did you mean KLINK_PLANS__KLIQS_FREE__MAX_LINKS?"),
        ("KLINK_DATA__DIR", "did you mean KLINK_DATA_DIR?"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(tmp_path, variable, nearest):
    message = refusal("", tmp_path, **{variable: "hush"})
    assert message.startswith(f"unknown setting {variable} in the environment")
    assert message.endswith(nearest)
    assert "hush" not in message


@pytest.mark.parametrize(
    "variable", ["KLINK_SECRET", "KLINK_TEST_ENGINES", "KLINK_TEST__X", "KLINK_PORT", "KLINKS__X"]
)
def test_variables_that_are_no_settings_are_left_alone(tmp_path, variable):
    assert load(None, {variable: "tcp://10.0.0.1:80"}, tmp_path) == load(None, {}, tmp_path)


def test_an_unknown_setting_of_the_command_line_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"did you mean server\.listen"):
        load(None, {}, tmp_path, {"server.listn": "x"})


def test_a_plan_that_does_not_exist_is_refused_with_the_nearest_one(tmp_path):
    message = refusal('[dialects.klink]\nplan = "kliqs-fre"', tmp_path)
    assert message.startswith("dialects.klink.plan = 'kliqs-fre' in ")
    assert message.endswith("is no plan; did you mean kliqs-free?")


# Secrets


@pytest.mark.parametrize(
    "url",
    [
        "postgres://klink:hush@db/klink",
        "postgresql://klink:hu sh@db/klink",
        "postgresql://klink:hu@sh@db/klink",
        "postgresql://klink:p@hu/sh@db/klink",
        "postgresql://klink:p/hush@db/klink",
        "postgresql://klink:12/hush@db/klink",
        "postgresql://klink:hush",
        "postgresql://klink:p@[hush@db/klink",
        "klink:hush@db/klink",
        "mysql://db/klink?password=hush",
        "hush",
    ],
)
def test_no_error_repeats_a_database_password(tmp_path, url):
    for message in (
        refusal(f"[database]\nurl = {json.dumps(url)}", tmp_path),
        refusal(f"[database]\nurl = [{json.dumps(url)}]", tmp_path),
        refusal(f"database = {json.dumps(url)}", tmp_path),
        refusal("", tmp_path, KLINK_DATABASE__URL=url),
    ):
        assert "database" in message
        assert "hu" not in message.replace(str(tmp_path), "")


def test_no_error_repeats_credentials_in_a_url(tmp_path):
    message = refusal('[server]\nbase_url = "https://me:hu@sh@go.example.org"', tmp_path)
    assert message.startswith("server.base_url = 'https://***@go.example.org'")


def test_a_configuration_in_a_log_shows_no_database_password(tmp_path):
    config = load(None, {"KLINK_DATABASE__URL": "postgresql://klink:hush@db/klink"}, tmp_path)
    assert "hush" not in repr(config)


TURNSTILE = '[captcha]\nprovider = "turnstile"\n'
SITE_KEY = 'turnstile_site_key = "0x4AAA"\n'


@pytest.mark.parametrize(
    "text, missing",
    [
        (TURNSTILE, "turnstile_site_key"),
        (TURNSTILE + SITE_KEY, "turnstile_secret"),
        (TURNSTILE + 'turnstile_secret = "hush"\n', "turnstile_site_key"),
    ],
)
def test_turnstile_without_its_keys_is_refused(tmp_path, text, missing):
    message = refusal(text, tmp_path)
    assert message.startswith(f"captcha.provider = 'turnstile' needs captcha.{missing}")
    assert "hush" not in message


def test_turnstile_with_its_keys_is_taken_and_its_secret_is_in_no_log(tmp_path, write):
    text = TURNSTILE + SITE_KEY + 'turnstile_secret = "hush"\n'
    config = load(write(text), {}, tmp_path)
    assert (config.captcha.provider, config.captcha.turnstile_secret) == ("turnstile", "hush")
    assert "hush" not in repr(config)


@pytest.mark.parametrize(
    "text",
    [
        'provider = "recaptcha"',
        'turnstile_site_key = "two words"',
        'turnstile_verify_url = "ftp://example.org/"',
        'turnstile_verify_url = "example.org"',
        'turnstile_verify_url = "https://me:hush@example.org/"',
    ],
)
def test_a_wrong_setting_of_the_captcha_is_refused(tmp_path, text):
    message = refusal(f"[captcha]\n{text}\n", tmp_path)
    assert message.startswith("captcha.")
    assert "hush" not in message


def test_no_error_repeats_the_secret_of_turnstile(tmp_path):
    message = refusal('[captcha]\nturnstile_secret = "hush hush"\n', tmp_path)
    assert message.startswith("captcha.turnstile_secret = '***'")
    assert "hush" not in message
