"""The digest of the sources that this package and its two modules were built from (generated)."""

DIGEST: str
VERSION: str
