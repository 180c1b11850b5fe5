"""The rules of klink, whichever door a request came through. No web framework below here."""
