"""Clicks: the journal of visits, what their headers say, and the fold into statistics."""
