"""A module a published corpus, which defines CORPUS; the catalogue holds those that are here."""
