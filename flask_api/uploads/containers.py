"""Sound and film: which container it is, by its first bytes. What is inside is the player's to judge."""

import re

HEAD = 64  # bytes that are looked at

# ISO/IEC 14496-12 §4.3: a box "ftyp" comes first and names the brand.
_BRANDS = rb"(?s).{4}ftyp(?:%s)"
_CONTAINERS = [
    (_BRANDS % rb"isom|iso[2-9]|mp4[12]|avc1|dash|MSNV|M4V |M4A |3gp[4-7]", {"audio/mp4", "video/mp4"}),
    (_BRANDS % rb"qt  ", {"video/quicktime"}),
    (rb"(?s)\x1a\x45\xdf\xa3.{0,48}\x42\x82\x84webm", {"audio/webm", "video/webm"}),  # RFC 8794 §11.2.6: DocType
    (rb"OggS\x00", {"audio/ogg"}),  # RFC 3533 §6
    (rb"ID3[\x02-\x04]|\xff[\xf2-\xf3\xfa-\xfb\xe2-\xe3]", {"audio/mpeg"}),  # ID3v2, or a frame of layer III
    (rb"\xff[\xf0-\xf1\xf8-\xf9]", {"audio/aac"}),  # ISO/IEC 14496-3: ADTS
    (rb"#!AMR\n", {"audio/amr"}),  # RFC 4867 §5.1
    (rb"(?s)RIFF.{4}WAVE", {"audio/wav"}),
]


def types_of(head: bytes) -> set[str]:
    """Return the types that a file with these first ``HEAD`` bytes may be of; none: it is no container we know."""
    for pattern, types in _CONTAINERS:
        if re.match(pattern, head[:HEAD]):
            return types
    return set()
