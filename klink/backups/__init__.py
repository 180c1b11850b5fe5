"""Backups: one file with the database, the journal and the secret; made, kept and restored."""

from __future__ import annotations

from klink.backups.checking import Checked, check, check_apart, check_gently
from klink.backups.errors import BackupFailed, BackupTooNew, BackupUnusable, RestoreRefused
from klink.backups.making import Source, Watch, make
from klink.backups.manifest import Manifest
from klink.backups.plan import BackupPlan, fact, is_due
from klink.backups.restoring import Restored, Target, restore
from klink.backups.shelf import Backup, Keep, listed, newest, prune

__all__ = [
    "Backup",
    "BackupFailed",
    "BackupPlan",
    "BackupTooNew",
    "BackupUnusable",
    "Checked",
    "Keep",
    "Manifest",
    "RestoreRefused",
    "Restored",
    "Source",
    "Target",
    "Watch",
    "check",
    "check_apart",
    "check_gently",
    "fact",
    "is_due",
    "listed",
    "make",
    "newest",
    "prune",
    "restore",
]
