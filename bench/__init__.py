"""Benchmarks: Solo and its peers side by side, one command each."""
