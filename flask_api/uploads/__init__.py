"""Uploads: a grant first, then the bytes, then a checked object."""
