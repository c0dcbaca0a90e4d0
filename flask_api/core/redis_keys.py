"""Every key Solo keeps in Redis, built here and nowhere else.

Keys that are used together share a hash tag ``{…}``, so that Redis Cluster keeps them on one node.
"""


def token(user_id: int, digest: str) -> str:
    """A login token, by the SHA-256 of its text."""
    return f"token:{{{user_id}}}:{digest}"


def sessions(user_id: int) -> str:
    """The digests of a user's tokens, scored by the time they end."""
    return f"sessions:{{{user_id}}}"


def caller(user_id: int) -> str:
    """What is kept of a user beside the token."""
    return f"caller:{{{user_id}}}"


def sms_code(purpose: str, phone: str) -> str:
    """The code that was sent to a phone, hashed, and the tries left."""
    return f"sms:{{{phone}}}:{purpose}"


def sms_pause(phone: str) -> str:
    """Stands while no further code may be sent to a phone."""
    return f"sms_pause:{{{phone}}}"


def sms_day(phone: str) -> str:
    """How many codes went to a phone today."""
    return f"sms_day:{{{phone}}}"


def password_failures(user_id: int) -> str:
    """How many wrong old passwords somebody who is logged in has given lately."""
    return f"password_failures:{{{user_id}}}"


def login_failures(phone: str) -> str:
    """How many wrong passwords a phone was tried with lately."""
    return f"login_failures:{{{phone}}}"
