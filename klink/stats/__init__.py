"""Statistics, read from the roll-ups that the fold of clicks keeps."""
