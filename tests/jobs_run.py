"""Running background jobs in a test, here and now, as a worker would."""

from flask import Flask

from flask_api.core import jobs


def run_jobs(app: Flask) -> int:
    """Run all that is due, and what that asks for; return how many jobs ran."""
    ran = 0
    with app.app_context():
        while batch := jobs.run_due():
            ran += batch
    return ran
