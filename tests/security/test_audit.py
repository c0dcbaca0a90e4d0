"""``make audit``: a known hole fails, silence does not, and nobody takes silence for an all-clear."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.security.audit import PIP_AUDIT, audit

ROOT = Path(__file__).resolve().parents[2]
FILES = [str(ROOT / "requirements.txt")]
HOLE = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["9.9"], "description": "d"}
SAFE = {"name": "flask", "version": "3.1.3", "vulns": []}
HOLED = {"name": "flask", "version": "3.1.3", "vulns": [HOLE]}
UNKNOWN = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited: flask (3.1.3)"}
TRACEBACK = "Traceback (most recent call last):\nrequests.exceptions.ConnectionError: no name resolution"
STAND_IN = """\
import json, sys
from pathlib import Path
said = json.loads(Path(__file__).with_name("said.json").read_text())
said = said[sys.argv[sys.argv.index("--vulnerability-service") + 1]]
if said is None:
    sys.exit({traceback!r})
print(json.dumps({{"dependencies": said, "fixes": []}}))
sys.exit(any(one.get("vulns") for one in said))
"""


def run(folder: Path, pypi: list[Any] | None, osv: list[Any] | None) -> int:
    """Run the audit with a pip-audit that hears this from the services; None: it cannot reach them."""
    (folder / "said.json").write_text(json.dumps({"pypi": pypi, "osv": osv}))
    (folder / "stand_in.py").write_text(STAND_IN.format(traceback=TRACEBACK))
    return audit(FILES, [sys.executable, str(folder / "stand_in.py")])


@pytest.mark.parametrize(("pypi", "osv"), [([HOLED], None), ([UNKNOWN], [HOLED]), (None, [HOLED])])
def test_known_hole_is_named_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pypi: list[Any] | None, osv: list[Any] | None
) -> None:
    assert run(tmp_path, pypi, osv) == 1
    assert capsys.readouterr().err == "audit: flask 3.1.3: PYSEC-2026-1, CVE-2026-1; mended in 9.9\n"


@pytest.mark.parametrize(("pypi", "osv"), [([SAFE], None), ([UNKNOWN], [SAFE]), (None, [SAFE])])
def test_no_known_hole_passes_and_says_how_many_were_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pypi: list[Any] | None, osv: list[Any] | None
) -> None:
    assert run(tmp_path, pypi, osv) == 0
    assert capsys.readouterr() == ("audit: 1 packages, no known holes\n", "")


@pytest.mark.parametrize(("pypi", "osv"), [(None, None), ([UNKNOWN], None), ([UNKNOWN], [UNKNOWN]), (None, [UNKNOWN])])
def test_services_out_of_reach_are_told_plainly_and_do_not_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pypi: list[Any] | None, osv: list[Any] | None
) -> None:
    """A mirror that has the packages but not their holes looks like an all-clear to pip-audit itself."""
    assert run(tmp_path, pypi, osv) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("audit: NOT DONE: neither PyPI nor OSV could be asked")


def test_packages_that_nobody_knows_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, [SAFE, {**UNKNOWN, "name": "ours"}], None) == 0
    assert capsys.readouterr().err == "audit: nothing is known about ours\n"


def test_lint_audits() -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.split("\nlint: ")[1].split("\n\n")[0]
    assert "tests.security.audit requirements.txt" in recipe


class StandInForOSV(BaseHTTPRequestHandler):
    """Knows one hole, of the package that the server names."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = asked["package"]["name"]
        events = [{"introduced": "0"}, {"fixed": "99.0"}]
        affected = [{"package": asked["package"], "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
        hole = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "summary": "s", "details": "d", "affected": affected}
        body = json.dumps({"vulns": [hole]} if name == self.server.holed else {}).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def osv() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandInForOSV)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("holed", ["werkzeug", "nothing-of-ours"])
def test_pip_audit_itself_is_understood(
    osv: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, holed: str
) -> None:
    pytest.importorskip("pip_audit")
    osv.holed = holed  # type: ignore[attr-defined]
    monkeypatch.setattr("tests.security.audit.SERVICES", ("osv",))
    status = audit(FILES, PIP_AUDIT, "--osv-url", f"http://127.0.0.1:{osv.server_port}/v1/query")
    said = capsys.readouterr()
    assert status == (1 if holed == "werkzeug" else 0)
    assert ("audit: werkzeug" in said.err) == (holed == "werkzeug")
