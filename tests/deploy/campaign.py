"""A long drill: deployments, rollbacks, bad releases, kills at random moments, one after the other, always under load.

    python -m tests.deploy.campaign --deploys 100

Each line tells what was done and how the load has fared so far. It ends with exit code 1 at the first host that does
not serve what it should, and when a request has failed or a write was lost. The seed is printed: with it, all choices
are the same again.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from tests.deploy.load import Load, wait_until
from tests.deploy.project import Project
from tests.deploy.site import Site

SECONDS = 90.0  # within which hosts have finished what they were at
BAD = {
    "a release that does not import": Project.commit_broken_import,
    "a release that ends at its start": Project.commit_broken_start,
    "a release that hangs at its start": Project.commit_hanging_start,
    "a release that is never ready": Project.commit_never_ready,
}


class Campaign:
    """Does one thing after the other, chosen by chance, to a site that serves."""

    def __init__(self, site: Site, seed: int, longest: float) -> None:
        self._site = site
        self._random = random.Random(seed)
        self._longest = longest  # seconds that a good deployment took so far: a kill comes within that time
        self._kinds: dict[Callable[[], str], int] = {  # and how often, of 100
            self.deploy: 40,
            self.deploy_table: 10,
            self.deploy_environment: 2,
            self.roll_back: 15,
            self.kill: 20,
            self.break_connections: 5,
            self.deploy_bad: 8,
        }
        self.done: Counter[str] = Counter()

    def step(self) -> str:
        """Do one thing; return what, in a few words.

        Raises:
            AssertionError: the site is not as it should be afterwards.
        """
        (kind,) = self._random.choices(list(self._kinds), list(self._kinds.values()))
        told = kind()
        self.done[kind.__name__] += 1
        return told

    def deploy(self, **more: bool) -> str:
        """A good release."""
        began = time.monotonic()
        release = self._site.deploy(**more)
        self._longest = max(self._longest, 0.0 if more.get("new_environment") else time.monotonic() - began)
        return f"deployed {release}"

    def deploy_table(self) -> str:
        """A release with a migration."""
        return f"{self.deploy(table=True)}, with a migration"

    def deploy_environment(self) -> str:
        """A release that needs another virtual environment."""
        return f"{self.deploy(new_environment=True)}, with an environment of its own"

    def roll_back(self) -> str:
        """To a good release that all hosts have."""
        current = {host.current for host in self._site.hosts}
        if not (choices := sorted(self._site.good_releases() - current)):
            return self.deploy()
        release = self._random.choice(choices)
        self._site.roll_back(release, to=release)
        return f"rolled back to {release}"

    def kill(self) -> str:
        """fab is killed at any moment; what serves afterwards is any release, but all processes do."""
        self._site.commit(table=self._random.random() < 0.3)
        command = self._site.start_fab("deploy", "--yes")
        moment = self._random.uniform(0, self._longest)
        time.sleep(moment)  # no polling: any moment will do
        run = command.kill()
        self._wait_until_whole()
        last = run.output.rstrip().rpartition("\n")[2].strip()
        return f"killed after {moment:.1f} s, at: {last}"

    def break_connections(self) -> str:
        """The connections to one host break at any moment; whatever fab then does, all processes serve."""
        self._site.commit()
        command = self._site.start_fab("deploy", "--yes")
        time.sleep(self._random.uniform(0, self._longest))
        host = self._random.choice(self._site.hosts)
        host.sshd.break_connections()
        run = command.finish()
        self._wait_until_whole()
        return f"connections to {host.name} broken after {run.seconds:.1f} s: exit code {run.code}"

    def deploy_bad(self) -> str:
        """A release that must go back by itself."""
        before = [host.current for host in self._site.hosts]
        name = self._random.choice(sorted(BAD))
        BAD[name](self._site.project)
        run = self._site.fab("deploy", "--yes")
        self._site.project.drop_last()
        assert run.code == 1, run.output
        if len(set(before)) == 1:  # else a deployment was killed before this, and they go back to a good one
            assert [host.current for host in self._site.hosts] == before, run.output
        self._wait_until_whole()
        return f"refused {name}"

    def _wait_until_whole(self) -> None:
        wait_until(lambda: not any(host.is_locked() for host in self._site.hosts), "the locks fall", SECONDS)
        wait_until(lambda: all(host.is_whole() for host in self._site.hosts), "all processes serve", SECONDS)


def run_campaign(steps: int, seed: int) -> int:
    """Run it, tell of each step; return the exit code."""
    began = time.monotonic()
    print(f"Seed {seed}. The site starts, and the first release is deployed …", flush=True)
    with Site() as site:
        first = time.monotonic()
        site.deploy()
        print(f"{first - began:.0f} s to start, {time.monotonic() - first:.0f} s for the first deployment", flush=True)
        campaign, failure = Campaign(site, seed, longest=20.0), ""
        with site.load() as load:
            for number in range(1, steps + 1):
                begun = time.monotonic()
                try:
                    told = campaign.step()
                except AssertionError as error:
                    failure = str(error)
                    break
                print(f"{number:4}/{steps} {time.monotonic() - begun:6.1f} s  {told}\n{'':14}{load}", flush=True)
            load.seconds(1)
        return _tell_end(site, load, campaign, failure, time.monotonic() - began)


def _tell_end(site: Site, load: Load, campaign: Campaign, failure: str, seconds: float) -> int:
    print(f"\n{dict(campaign.done)} in {seconds / 60:.0f} min\n{load}")
    passed_on = sum("," in str(line["host"]) for line in site.nginx.access_log())
    print(f"requests that nginx had to give to a second host: {passed_on}")
    try:
        site.check(load)
    except AssertionError as error:
        failure = f"{failure}\n{error}".strip()
    print(failure or "Nothing was dropped, nothing was lost.")
    return 1 if failure else 0


def main() -> int:
    """The command line: see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.campaign", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--deploys", type=int, default=100, metavar="N", help="how many things to do (100)")
    parser.add_argument("--seed", type=int, default=None, help="repeat the choices of another run (any)")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    try:
        return run_campaign(given.deploys, seed)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
