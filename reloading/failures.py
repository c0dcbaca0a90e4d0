"""Why the new code does not start, in the few lines that a developer looks for."""

import linecache
import re
import signal
import traceback
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

FRAME = re.compile(r'\s*File "(?P<file>.+)", line (?P<line>\d+)(?:,? in (?P<name>.+))?\s*\Z')
HEADING = "Traceback (most recent call last):"
NEWEST_FIRST = "(most recent call first)"  # faulthandler's
NOISE = ("(Background on this error at:", "Extension modules:")
REASON_LINES = 5


@dataclass(frozen=True)
class Failure:
    """One failed start.

    Args:
        place: ``file:line``, as editors and terminals open it; the innermost one of the project's own code.
        inside: the function, for behind the place.
        code: that line, and the marks below it.
        reason: the exception, or whatever the server has said at last.
        whole: all it has said.
    """

    reason: tuple[str, ...]
    place: str = ""
    inside: str = ""
    code: tuple[str, ...] = ()
    whole: str = ""


def find_syntax_error(root: Path, paths: Iterable[str]) -> tuple[str, Failure] | None:
    """Return the first of the files that Python cannot compile, and why; None when all are sound. It takes 2 ms."""
    for path in paths:
        file = root / path
        if file.suffix != ".py" or not file.is_file():
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:  # ValueError: a NUL in it, before Python 3.12
            return path, explain("".join(traceback.format_exception_only(error)), root)
        except OSError:
            continue
    return None


def explain(said: str, root: Path, ended: str = "") -> Failure:
    """Find the place and the reason in what a server wrote to standard error before it ended.

    Args:
        said: all of it.
        root: the project; places outside of it, or in its virtual environment, are not the developer's code.
        ended: how the process ended, for a reason when nothing was said.
    """
    lines = [line for line in said.splitlines() if not line.startswith(NOISE)]
    block = _last_traceback(lines)
    frames = [(number, found) for number, line in enumerate(block) if (found := FRAME.match(line))]
    if not frames:
        last = [line for line in lines if line.strip()][-REASON_LINES:]
        return Failure(reason=tuple(last) or (ended,), whole=said)
    own = [frame for frame in frames if _is_own(frame[1]["file"], root)] or frames
    newest_first = any(NEWEST_FIRST in line for line in block)
    number, found = own[0 if newest_first else -1]
    return Failure(
        reason=(ended,) if newest_first else _reason(block[frames[-1][0] + 1 :]) or (ended,),
        place=f"{_shown(found['file'], root)}:{found['line']}",
        inside=f"  in {found['name']}" if found["name"] and found["name"] != "<module>" else "",
        code=_code(block[number + 1 :]) or _source(found["file"], int(found["line"])),
        whole=said,
    )


def how_it_ended(status: int) -> str:
    """Say how a process ended, by its exit status as ``Popen.returncode`` has it."""
    if status >= 0:
        return f"the server ended with exit code {status}"
    try:
        return f"the server was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"the server was ended by signal {-status}"


def _last_traceback(lines: list[str]) -> list[str]:
    starts = [number for number, line in enumerate(lines) if line.strip().endswith(HEADING) or NEWEST_FIRST in line]
    return lines[starts[-1] :] if starts else lines


def _is_own(file: str, root: Path) -> bool:
    path = Path(file)
    return path.is_relative_to(root) and not {"site-packages", ".venv"} & set(path.relative_to(root).parts)


def _shown(file: str, root: Path) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file


def _code(following: list[str]) -> tuple[str, ...]:
    """Return the source line below a frame, and its marks; nothing when the interpreter did not find the file."""
    code = []
    for line in following:
        if not line.startswith("    ") or FRAME.match(line):
            break
        code.append(line)
    return tuple(dedent("\n".join(code)).splitlines())


def _source(file: str, line: int) -> tuple[str, ...]:
    """Return a line of a file, which faulthandler leaves out."""
    linecache.checkcache(file)
    return tuple(linecache.getline(file, line).strip().splitlines())


def _reason(following: list[str]) -> tuple[str, ...]:
    """Return the exception, which begins at the first line that is not indented."""
    begin = next((number for number, line in enumerate(following) if line and not line.startswith(" ")), len(following))
    return tuple(line for line in following[begin : begin + REASON_LINES] if line.strip())
