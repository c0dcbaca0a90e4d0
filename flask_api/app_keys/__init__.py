"""App keys: which client apps there are, and the secrets they sign requests with."""
