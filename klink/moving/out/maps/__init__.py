"""Links as redirect maps of other servers, so that they outlive klink.

A map knows one answer for each short URL. What a link does beyond that is left behind by one
rule for all three (:mod:`klink.moving.out.maps.redirects`).
"""
