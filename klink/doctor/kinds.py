"""Every kind of finding: why it matters, and what to do. ``docs/doctor.md`` has the same words."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

__all__ = ["KINDS", "Kind"]


class Kind(NamedTuple):
    """A kind of finding.

    :ivar why: why it matters.
    :ivar todo: what to do.
    :ivar is_note: whether it may well be right as it is, so that it is told and no more.
    """

    why: str
    todo: str
    is_note: bool = False


_BY_CODE = {
    "configuration": Kind(
        "klink does not start with it, and no command works.",
        "Correct the setting; `klink config check` says when it is right.",
    ),
    "file-missing": Kind(
        "What the file names, blocks or tells does not hold as long as it is away.",
        "Put the file there, or take it out of the configuration.",
    ),
    "base-url-local": Kind(
        "klink listens for the network, but short URLs begin with an address of this machine, so "
        "nobody else can follow them.",
        "Set server.base_url to the address that people use.",
    ),
    "base-url-http": Kind(
        "Passwords, keys and visits go over the network in the clear.",
        "Put a proxy with HTTPS in front (docs/operations.md) and set server.base_url to https://.",
    ),
    "metrics-open": Kind(
        "Anybody may read /metrics and /ready: how much is clicked, and what fails.",
        "Name in [metrics] allow only those who watch klink.",
    ),
    "data-folder-unwritable": Kind(
        "Clicks are lost and nothing can be saved.",
        "Give the folder to the user that klink runs as: chown -R klink DATA_DIR; or set data_dir.",
    ),
    "data-folder-open": Kind(
        "Other users of this machine may put files there, a secret or a database of their own.",
        "chmod go-w on the folder.",
    ),
    "secret-open": Kind(
        "Whoever reads it can make second factors' codes, and tell who the visitors were.",
        "chmod 600 on the file; if others may have read it, see docs/security.md.",
    ),
    "secret-bad": Kind(
        "klink does not start: second factors and visitors' ids are derived from it.",
        "Put the file, or KLINK_SECRET, back from a backup.",
    ),
    "file-open": Kind(
        "Other users of this machine can read keys, links and visits, or change them.",
        "chmod 600 on a file, chmod 700 on a folder.",
    ),
    "config-file-open": Kind(
        "It holds a password, and other users of this machine can read it.",
        "chmod 640 and chgrp to the group klink runs as; or give the secret in the environment.",
    ),
    "foreign-files": Kind(
        "klink runs as the folder's owner and cannot write them: a command was run as another "
        "user, root perhaps.",
        "chown the files to the folder's owner, and run klink's commands as that user.",
    ),
    "disk-low": Kind(
        "Once the disk is full, clicks are lost and nothing can be saved.",
        "Make room, or move data_dir to a larger disk.",
    ),
    "inodes-low": Kind(
        "There is room, but soon no file can be made any more, which fails like a full disk.",
        "Delete what makes so many small files on that disk.",
    ),
    "disk-no-copy": Kind(
        "A backup writes a copy of the database, and there is no room for one.",
        "Make room, or let backups go to another disk.",
    ),
    "database-missing": Kind(
        "There is nothing at the place that the configuration names: klink was never started "
        "there, or data_dir is another folder.",
        "Start klink once; or look whether data_dir and [database] url are those of the server.",
    ),
    "database-away": Kind(
        "The API and the admin page do nothing; redirects go on from memory, and clicks wait in "
        "the journal.",
        "Look whether the database runs, and whether [database] url is right.",
    ),
    "database-damaged": Kind(
        "What is damaged gives wrong answers or none, and the damage spreads with each write.",
        "Stop klink, keep a copy of the data folder, and restore the last good backup "
        "(`klink restore`).",
    ),
    "database-newer": Kind(
        "A newer klink has written it, so this one does not start on it.",
        "Run the newer klink, or restore a backup from before the upgrade.",
    ),
    "migrations-pending": Kind(
        "The database is that of an older klink.",
        "Restart the server, which migrates after a backup; or stop it and run `klink migrate`.",
    ),
    "wal-large": Kind(
        "SQLite's log only grows while something reads for very long; it fills the disk and slows "
        "everything.",
        "End the program that reads the database, a copy or a shell perhaps.",
    ),
    "clock-wrong": Kind(
        "Links expire, sessions end and clicks are counted by this clock.",
        "Set the clock: timedatectl set-ntp true, or install chrony.",
    ),
    "clock-unsynchronised": Kind(
        "Unless the host keeps the clock of its virtual machines and containers, it drifts: links "
        "expire early or late, and codes of second factors are refused.",
        "timedatectl set-ntp true, or install chrony; nothing where the host keeps it.",
        is_note=True,
    ),
    "clock-behind": Kind(
        "Something in the database happened later than now: the clock was ahead then, or is "
        "behind now. Limits and days in the statistics are wrong until it is right.",
        "Compare `date -u` with another clock, and set it.",
    ),
    "geoip-missing": Kind(
        "Visitors' countries are unknown, and rules by country match nobody.",
        "`klink geoip update`, or put the file there (docs/countries.md).",
    ),
    "geoip-unreadable": Kind(
        "Visitors' countries are unknown, and rules by country match nobody.",
        "`klink geoip update`, or put a whole file there (docs/countries.md).",
    ),
    "geoip-old": Kind(
        "Networks move: more and more visitors are taken for those of another country.",
        'Set [geoip] update_every = "7d", or run `klink geoip update`.',
    ),
    "geoip-update-failing": Kind(
        "The database of countries grows old.",
        "Do what the error says; then `klink geoip update`.",
    ),
    "backup-off": Kind(
        "Unless something else makes copies (docs/operations.md), a disk that dies takes all links "
        "with it.",
        "Set [backups] enabled = true; nothing where Litestream or the like does it.",
        is_note=True,
    ),
    "backup-damaged": Kind(
        "It cannot be restored: the disk failed, or a copy broke off.",
        "Delete it, make a new one (`klink jobs run backup`), and look at the disk (smartctl).",
    ),
    "backup-none": Kind(
        "A disk that dies takes all links with it, and links are on other people's pages.",
        "`klink backup FILE` on another disk; and let the job run ([backups] enabled).",
    ),
    "backup-old": Kind(
        "What happened since is lost with the disk.",
        "`klink jobs list` says why the job does not make any; `klink jobs run backup` makes one.",
    ),
    "backup-folder": Kind(
        "No backup can be made.",
        "Give the folder to the user that klink runs as, or name another one.",
    ),
    "base-url-dns": Kind(
        "Nobody can follow short URLs.",
        "Give the name a DNS record that leads here, or correct server.base_url.",
    ),
    "base-url-unreachable": Kind(
        "Nobody can follow short URLs; unless this machine alone cannot reach its own address.",
        "Look whether the proxy runs and the firewall lets it be reached. Where only this machine "
        "cannot (no hairpin NAT), pass --ignore base-url-unreachable.",
    ),
    "base-url-tls": Kind(
        "Browsers refuse to go there.",
        "Renew the certificate, with its chain, for this name.",
    ),
    "base-url-redirects": Kind(
        "Each visit takes a detour, and what programs send is lost on it.",
        "Set server.base_url to where it leads in the end.",
    ),
    "base-url-answer": Kind(
        "Short URLs do not work there.",
        "Look at the proxy: it must hand everything on that host to klink (docs/operations.md).",
    ),
    "base-url-other": Kind(
        "Short URLs lead to another program, or to another klink with links of its own.",
        "Look where the name and the proxy lead. An older klink answers like that too: restart it.",
    ),
    "proxy-untrusted": Kind(
        "All visitors share the proxy's address, and every limit per address with it; countries "
        "are wrong.",
        "Name the proxy in server.trusted_proxies as klink sees it: its address, or the network "
        "of the containers.",
    ),
    "proxy-silent": Kind(
        "All visitors share the proxy's address, and every limit per address with it; countries "
        "are wrong.",
        "Have the proxy set X-Forwarded-For (docs/operations.md).",
    ),
    "proxy-host": Kind(
        "On another host klink answers 421, or with another domain's links.",
        "Have the proxy pass the host on: proxy_set_header Host $host, and X-Forwarded-Host.",
    ),
    "proxy-scheme": Kind(
        "klink takes visits for ones by HTTP: cookies are not marked Secure, and with "
        "server.require_https visitors are sent in a circle.",
        "Have the proxy set X-Forwarded-Proto, and name it in server.trusted_proxies.",
    ),
    "server-other": Kind(
        "Where klink is to listen something else answers, or a klink with another secret.",
        "Stop it, or set server.listen to a free port.",
    ),
    "server-version": Kind(
        "The command line and the server are different versions, which may not agree on the "
        "database.",
        "Restart the server, or call the klink that belongs to it.",
    ),
    "ledger-behind": Kind(
        "Statistics are old. Nothing is lost: clicks wait in the journal.",
        "See the log: the disk is slow, or another process holds the database's lock.",
    ),
    "clicks-lost": Kind(
        "The disk refused them; visitors were sent on and are not counted.",
        "Make room and look at the log; a restart begins to count anew.",
    ),
    "clicks-set-aside": Kind(
        "These clicks could not be counted; they are kept.",
        "The log says why. Report it; once they are of no use, delete the file.",
    ),
    "journal-damaged": Kind(
        "Clicks in damaged places are not counted: the disk or the machine failed.",
        "Look at the log and at the disk (smartctl).",
    ),
    "journal-foreign": Kind(
        "The journal had clicks of another database, after a restore as a rule; they are not "
        "counted.",
        "Once they are of no use, delete the folder journal/foreign.",
    ),
    "job-failing": Kind(
        "What the job does is not done.",
        "Do what the error says; `klink jobs run NAME` tries again at once.",
    ),
    "job-late": Kind(
        "The server runs, but the job did not: what it does is not done.",
        "Look at the log; restart the server.",
    ),
}

KINDS = MappingProxyType(_BY_CODE)
"""By code."""
