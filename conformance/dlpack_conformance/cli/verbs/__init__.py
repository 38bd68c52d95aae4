"""The verbs: each file has one, as ``command``, and imports what it needs when called."""
