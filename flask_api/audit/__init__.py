"""The audit: who did what to an account or an app key, when, and from where."""
