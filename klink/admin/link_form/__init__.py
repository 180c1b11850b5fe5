"""The form that makes and changes a link, and shows who would get what."""
