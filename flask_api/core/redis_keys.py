"""Every key Solo keeps in Redis, built here and nowhere else.

Keys that are used together share a hash tag ``{…}``, so that Redis Cluster keeps them on one node.
"""


def token(user_id: int, digest: str) -> str:
    """A login token, by the SHA-256 of its text."""
    return f"token:{{{user_id}}}:{digest}"


def sessions(user_id: int) -> str:
    """The digests of a user's tokens, scored by the time they end."""
    return f"sessions:{{{user_id}}}"


def active() -> str:
    """Who was here since it was last looked at, scored by when (Unix seconds)."""
    return "active"


def caller(user_id: int) -> str:
    """What is kept of a user beside the token."""
    return f"caller:{{{user_id}}}"


def sms_code(purpose: str, phone: str) -> str:
    """The code that was sent to a phone, hashed, and the tries left."""
    return f"sms:{{{phone}}}:{purpose}"


def mail_code(purpose: str, email: str) -> str:
    """The code that was mailed to an address, hashed, and the tries left."""
    return f"mail:{{{email}}}:{purpose}"


def former_like(liker_id: int, liked_id: int) -> str:
    """A like that was taken back, and the match that came of it: the ids of their rows."""
    return f"liked:{{{liker_id}}}:{liked_id}"


def limit(name: str, counted: str) -> str:
    """How much of a limit somebody has used: a limit on users by the user's id, and so on."""
    return f"limit:{{{counted}}}:{name}"


def nonce(appkey: str, nonce: str) -> str:
    """A nonce of an app key that was used."""
    return f"nonce:{{{appkey}}}:{nonce}"


def nonce_store(appkey: str) -> str:
    """Since when an app key's nonces are kept, and by which run of Redis."""
    return f"nonce_store:{{{appkey}}}"


def made_of_rows(what: str, part: str) -> str:
    """A part of what is made of the database's rows: the places of people, the hot list; and what tells its state."""
    return f"{what}:{{{what}}}:{part}"
