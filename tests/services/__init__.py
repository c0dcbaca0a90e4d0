"""Servers for the tests: plain processes on private addresses, which end with the test run that started them."""
