"""What requests and answers about domains hold."""

from __future__ import annotations

from marshmallow import Schema, fields

from klink.api.answer_fields import flag, moment, part, text
from klink.core import paging
from klink.core.dns_names import MAX_LENGTH
from klink.core.domains import BY_ADMIN, METHODS, OUTCOMES, STATES
from klink.web.fields import Flag, QueryWhole, Strict, Text

_READ_ONLY = "is read-only"
_ADDRESS = "null: klink's own page. An address that klink itself answers is refused."


class DomainsQuery(Strict):
    """Which page of the list."""

    cursor = Text(metadata={"description": "`next_cursor` of the page before."})
    limit = QueryWhole(metadata={"minimum": 1, "maximum": paging.MAX_LIMIT, "default": 50})


class NewDomainInput(Strict):
    """A host to claim."""

    host = Text(
        required=True,
        metadata={
            "description": "A DNS name such as `go.example.org`; IDNs are kept in punycode.",
            "minLength": 1,
            "maxLength": MAX_LENGTH,
        },
    )


class DomainPatchInput(Strict):
    """What to change of a domain; what is absent stays."""

    read_only = dict.fromkeys(
        (
            "host", "state", "is_server", "verified_at", "verified_by", "failing_since", "proof",
            "checked_at", "findings", "next_check_at", "created_at",
        ),
        _READ_ONLY,
    )  # fmt: skip

    root_url = Text(
        allow_none=True,
        metadata={"description": f"Where the root (`/`) leads; {_ADDRESS}", "format": "uri"},
    )
    not_found_url = Text(
        allow_none=True,
        metadata={
            "description": f"Where short URLs lead that are not there; {_ADDRESS}",
            "format": "uri",
        },
    )
    is_default = Flag(
        metadata={"description": "Whether new links that name no domain are made here."}
    )


class DomainRecord(Schema):
    """A DNS record to set."""

    type = text(enum=["TXT"])
    name = text()
    value = text()


class DomainFile(Schema):
    """A file to put on the host."""

    url = text("By `http` it does as well.")
    content = text()


class DomainProof(Schema):
    """What proves the claim: either of the two."""

    dns = part(DomainRecord)
    file = part(DomainFile)


class DomainFinding(Schema):
    """What was found in one place."""

    method = text(enum=list(METHODS))
    outcome = text("`unknown`: there was no answer.", enum=list(OUTCOMES))
    text = text("For a person.")


class Domain(Schema):
    """A host that serves a workspace's links, or is claimed to."""

    host = text("As links show it.")
    state = text(
        "`failing`: verified, and the proof has gone; links go on working.", enum=list(STATES)
    )
    is_server = flag("Whether it is the server's own host, which every workspace may use.")
    is_default = flag("Whether new links that name no domain are made here.")
    root_url = text(null=True)
    not_found_url = text(null=True)
    verified_at = moment()
    verified_by = text(
        "`admin`: the server's admin, without a proof.",
        null=True,
        enum=[*METHODS, BY_ADMIN, None],
    )
    failing_since = moment()
    proof = fields.Nested(
        DomainProof,
        required=True,
        allow_none=True,
        metadata={"description": "Null where there is nothing to prove."},
    )
    checked_at = moment("When the proof was last looked for.")
    findings = part(DomainFinding, many=True)
    next_check_at = moment("When klink looks by itself again.")
    created_at = moment(null=False)


class DomainList(Schema):
    """One page of domains."""

    items = part(Domain, many=True)
    next_cursor = text("Null on the last page.", null=True)
