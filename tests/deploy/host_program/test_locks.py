import subprocess
import time
from typing import Any

from tests.deploy.host_program.site import Running, Site, wait_for


def take(site: Site, owner: str = "ann on laptop", **options: Any) -> Running:
    holder = site.start("lock", *options.pop("words", []), "--owner", owner, stdin=subprocess.PIPE)
    assert holder.next_event() == {"event": "held"}
    return holder


def test_a_second_deployment_is_refused_and_told_who_has_the_lock(site: Site) -> None:
    holder = take(site)
    told = site.run("lock", "--owner", "bob")
    assert told["error"].startswith("locked by ann on laptop since 20")
    assert (told["owner"], told["since"][-1]) == ("ann on laptop", "Z")
    holder.kill()


def test_the_lock_falls_when_the_connection_ends(site: Site) -> None:
    holder = take(site)
    assert holder.process.stdin
    holder.process.stdin.close()
    assert holder.next_event() == {"event": "done"}
    take(site, "bob").kill()
    holder.close()


def test_the_lock_falls_when_its_holder_is_killed(site: Site) -> None:
    take(site).kill()
    take(site, "bob").kill()


def test_the_lock_falls_when_the_deployment_says_nothing_for_too_long(site: Site) -> None:
    told = take(site, words=["--silence", "0.1"]).last()
    assert told["error"] == "nothing was heard from the deployment for 0.1 s; the lock is free again"
    take(site, "bob").kill()


def test_the_lock_is_kept_by_a_byte_now_and_then(site: Site) -> None:
    holder = take(site, words=["--silence", "2"])
    assert holder.process.stdin
    over = time.monotonic() + 2.5
    while time.monotonic() < over:
        holder.process.stdin.write(b".")
        holder.process.stdin.flush()
        time.sleep(0.05)
    assert holder.process.poll() is None
    holder.kill()


def test_looking_who_has_the_lock_hinders_nobody(site: Site) -> None:
    assert site.run("status")["lock"] is None
    take(site).kill()
    lookers = [site.start("status") for _ in range(5)]
    holder = take(site)
    assert {looker.last()["event"] for looker in lookers} == {"done"}
    assert site.run("status")["lock"]["owner"] == "ann on laptop"
    holder.kill()
    assert site.run("status")["lock"] is None


def test_a_migration_whose_deployment_was_killed_holds_the_next_step_up(site: Site) -> None:
    release = site.add_release("slow_migration")
    folder = site.root / "releases" / release
    migrating = site.start("migrate", release)
    wait_for((folder / "waiting").exists)
    migrating.kill()
    told = site.run("mark", release, "good", "--patience", "0.2")
    assert told["error"].startswith(f"migrate {release} still runs on this host, since 20")
    waiting = site.start("mark", release, "failed")
    (folder / "go_on").touch()
    assert waiting.last()["event"] == "done"
    assert (site.root / "shared/var/database").read_text() == "1a", "the migration went on to its end"


def test_a_release_is_marked_with_the_reason(site: Site) -> None:
    release = site.add_release(state="prepared")
    assert site.run("mark", release, "failed", "--reason", "web2: not ready")["state"] == "failed"
    state = site.state_of(release)
    assert (state["state"], state["reason"]) == ("failed", "web2: not ready")
    site.run("mark", release, "good")
    assert (site.state_of(release)["state"], site.state_of(release)["reason"]) == ("good", None)
