"""What an operator meets: somebody else who deploys, a host that is away, a connection that breaks."""

import re

import pytest

from tests.deploy.load import Load
from tests.deploy.site import Site
from tests.services.process import free_port

pytestmark = [pytest.mark.deploy, pytest.mark.mariadb, pytest.mark.timeout(600)]


def test_second_deploy_at_the_same_time_is_refused_and_told_who_is_at_it(site: Site, load: Load) -> None:
    commit = site.commit()
    first = site.start_fab("deploy", "--yes")
    assert first.wait_for_line("^Prepare")
    second = site.fab("deploy", "--yes")
    finished = first.finish()

    assert second.code == 1, second.output
    assert re.search(r"left: locked by .+, fab deploy.* since .*\. Nothing was changed", second.output), second.output
    assert finished.code == 0, finished.output
    site.assert_serves(site.release_of(commit), finished)


def test_host_that_is_away_leaves_all_hosts_as_they_are(site: Site, load: Load) -> None:
    before = site.release()
    states = [host.states() for host in site.hosts]
    site.commit(table=True)
    run = site.fab("deploy", "--yes", hosts_file=site.write_hosts_file("away.toml", right=f"127.0.0.1:{free_port()}"))

    assert run.code == 1, run.output
    assert "right: nobody listens" in run.output, run.output
    assert [host.states() for host in site.hosts] == states
    site.assert_serves(before, run)


def test_connection_that_breaks_while_its_host_is_switched_takes_all_hosts_back(site: Site, load: Load) -> None:
    before = site.release()
    site.commit()
    command = site.start_fab("deploy", "--yes")
    assert command.wait_for_line("middle .*solo_0: from")
    site.hosts[1].sshd.break_connections()
    run = command.finish()

    assert run.code == 1, run.output
    assert "middle: the connection" in run.output, run.output
    site.assert_serves(before, run)


def test_restart_has_all_processes_read_changed_settings_and_drops_no_request(site: Site, load: Load) -> None:
    release = site.release()
    answered = {host.answers_to("solo.test") for host in site.hosts}
    before = {pid for host in site.hosts for pid in host.pids().values()}
    for host in site.hosts:
        host.change_setting("allowed_hosts", "solo.test")
    run = site.fab("restart", "--yes")

    assert run.code == 0, run.output
    site.assert_serves(release, run)
    assert answered == {False}
    assert all(host.answers_to("solo.test") for host in site.hosts)
    assert not before & {pid for host in site.hosts for pid in host.pids().values()}


def test_bad_setting_is_found_before_a_process_is_touched(site: Site, load: Load) -> None:
    release = site.release()
    pids = [host.pids() for host in site.hosts]
    site.hosts[1].change_setting("threads", "many")
    run = site.fab("restart", "--yes")
    site.hosts[1].change_setting("threads", "8")

    assert run.code == 1, run.output
    assert "middle: " in run.output, run.output
    assert "threads" in run.output.lower(), run.output
    assert [host.pids() for host in site.hosts] == pids
    site.assert_serves(release, run)


@pytest.mark.parametrize("load", [False], indirect=True, ids=["through nginx"])
def test_release_with_another_supervisord_ini_drops_no_request(site: Site, load: Load) -> None:
    before = site.release()
    site.deploy(new_processes=True)
    site.roll_back(to=before)
    site.project.drop_last()  # or every release after it would have it too
