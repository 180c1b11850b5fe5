"""Moving in and out: links from other products and files, and to them.

A :class:`~klink.moving.rows.Source` gives rows, one for each link that it has, whatever it is: a
file or another server's API. :func:`~klink.moving.importing.run` takes them in through the core.
"""
