"""What requests and answers about keys, users, invitations and usage hold."""

from __future__ import annotations

from marshmallow import Schema, fields

from klink.api.answer_fields import count, flag, moment, part, text
from klink.api.answers import Plan
from klink.core import keys, paging
from klink.core.principal import SCOPES
from klink.core.workspaces import ROLES
from klink.web.fields import Few, QueryFlag, QueryWhole, Strict, Text

_READ_ONLY = "is read-only"
_MAX_EMAIL = 255


class PageQuery(Strict):
    """Which page of the list."""

    cursor = Text(metadata={"description": "`next_cursor` of the page before."})
    limit = QueryWhole(metadata={"minimum": 1, "maximum": paging.MAX_LIMIT, "default": 50})


class KeysQuery(PageQuery):
    """Which keys."""

    revoked = QueryFlag(
        metadata={"description": "Whether those that have ended are listed.", "default": True}
    )


class NewKeyInput(Strict):
    """A key to be made."""

    read_only = dict.fromkeys(
        ("id", "key", "hint", "user", "created_at", "last_used_at", "revoked_at"), _READ_ONLY
    )

    name = Text(
        required=True,
        metadata={"description": "What it is for.", "minLength": 1, "maxLength": keys.MAX_NAME},
    )
    dialect = Text(
        metadata={
            "description": "The API it opens.",
            "enum": list(keys.FORMATS),
            "default": "klink",
        }
    )
    scopes = Few(
        Text(metadata={"enum": list(SCOPES)}),
        len(SCOPES),
        metadata={"description": "What it may do; none: all that the asking key may."},
    )
    plan = Text(
        allow_none=True,
        metadata={
            "description": "A plan of the server's configuration, which must not allow more than "
            "the asking key's own. Null: the dialect's, or the asking key's if that allows less."
        },
    )


class KeyUser(Schema):
    """Whose it is."""

    id = text(format="uuid")
    email = text()
    name = text(null=True)


class Key(Schema):
    """A key, without the key itself."""

    id = text(format="uuid")
    name = text()
    dialect = text("The API it opens.", enum=list(keys.FORMATS))
    hint = text("Its last four characters.")
    scopes = fields.List(fields.String(metadata={"enum": list(SCOPES)}), required=True)
    plan = text("Null: the dialect's.", null=True)
    user = part(KeyUser)
    created_at = moment(null=False)
    last_used_at = moment("To the minute.")
    revoked_at = moment()


class NewKey(Key):
    """A key that was made."""

    key = fields.String(
        metadata={
            "description": "The key itself. Nobody can see it again: an answer that repeats an "
            "earlier one (`Idempotency-Replayed`) is without it."
        }
    )


class KeyList(Schema):
    """One page of keys, newest first."""

    items = part(Key, many=True)
    next_cursor = text("Null on the last page.", null=True)


class User(Schema):
    """A user as a member of the workspace."""

    id = text(format="uuid")
    email = text()
    name = text(null=True)
    role = text(enum=list(ROLES))
    is_active = flag()
    can_sign_in = flag("Whether there is a password.")
    has_second_factor = flag("Whether signing in takes a code, too.")
    joined_at = moment(null=False)
    active_keys = count("Of this workspace.")


class UserList(Schema):
    """One page of users."""

    items = part(User, many=True)
    next_cursor = text("Null on the last page.", null=True)


class RoleInput(Strict):
    """What to change of a member."""

    read_only = dict.fromkeys(
        (
            "id", "email", "name", "is_active", "can_sign_in", "has_second_factor", "joined_at",
            "active_keys",
        ),
        _READ_ONLY,
    )  # fmt: skip

    role = Text(required=True, metadata={"enum": list(ROLES)})


class InviteInput(Strict):
    """Whom to invite."""

    read_only = dict.fromkeys(("id", "invited_by", "created_at", "expires_at", "link"), _READ_ONLY)

    email = Text(required=True, metadata={"format": "email", "maxLength": _MAX_EMAIL})
    role = Text(
        required=True,
        metadata={
            "description": "What they will be: no more than whose key it is, nor more than the "
            "key may do.",
            "enum": list(ROLES),
        },
    )


class Invite(Schema):
    """An invitation that can be accepted."""

    id = text(format="uuid")
    email = text("Whom it is for.")
    role = text(enum=list(ROLES))
    invited_by = text("Name or e-mail.", null=True)
    created_at = moment(null=False)
    expires_at = moment(null=False)


class NewInvite(Invite):
    """An invitation that was made."""

    link = fields.String(
        metadata={
            "description": "To be passed on to whom it is for. Nobody can see it again: an answer "
            "that repeats an earlier one (`Idempotency-Replayed`) is without it.",
            "format": "uri",
        }
    )


class InviteList(Schema):
    """The open invitations, newest first; there are 100 at most."""

    items = part(Invite, many=True)


class UsedWindow(Schema):
    """Requests in a window; null is unlimited."""

    used = count()
    limit = fields.Integer(required=True, allow_none=True)
    left = fields.Integer(required=True, allow_none=True)
    resets_at = moment(null=False)


class UsedLinks(Schema):
    """Links that are not trashed, inactive or expired; null is unlimited."""

    used = count()
    limit = fields.Integer(required=True, allow_none=True)
    left = fields.Integer(required=True, allow_none=True)


class WorkspaceRequests(Schema):
    """Requests of all keys of the workspace."""

    month = part(UsedWindow)


class KeyRequests(Schema):
    """Requests against the plans of key and workspace; the month counts all of the workspace."""

    minute = part(UsedWindow)
    hour = part(UsedWindow)
    month = part(UsedWindow)


class WorkspaceUsage(Schema):
    """How the workspace stands against its own plan."""

    plan = fields.Nested(Plan, required=True, allow_none=True)
    requests = part(WorkspaceRequests)
    links = part(UsedLinks)


class KeyUsage(Schema):
    """How the asking key stands against its plan and the workspace's, whichever is tighter."""

    plan = part(Plan)
    requests = part(KeyRequests)
    links = part(UsedLinks)


class Usage(Schema):
    """What is used of the plans."""

    workspace = part(WorkspaceUsage)
    key = part(KeyUsage)
