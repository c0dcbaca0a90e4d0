"""The contenders that are not ours, each written the way its framework's documentation does it."""
