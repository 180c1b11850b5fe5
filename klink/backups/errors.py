"""What may go wrong with a backup; each text is one line that says what to do."""

from __future__ import annotations

from klink.core.errors import KlinkError

__all__ = ["BackupFailed", "BackupTooNew", "BackupUnusable", "RestoreRefused"]


class BackupFailed(KlinkError):
    """A backup could not be made; those that are there are as they were."""

    code = "backup_failed"


class BackupUnusable(KlinkError):
    """A file is no backup, or no longer what was written; nothing was done with it."""

    code = "backup_unusable"


class BackupTooNew(BackupUnusable):
    """A newer klink made the backup."""

    code = "backup_too_new"

    def __init__(self, path: object, version: str) -> None:
        super().__init__(f"{path} was made by a newer klink ({version}); restore it by that one")


class RestoreRefused(KlinkError):
    """A backup is good, but cannot be restored here and now."""

    code = "restore_refused"
