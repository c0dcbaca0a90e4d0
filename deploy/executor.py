"""``fab -H a,b deploy`` as one deployment to two hosts. Fabric would run the task twice, once for each host."""

from typing import Any

import fabric
from invoke.exceptions import Exit


class AllHostsAtOnce(fabric.Executor):  # type: ignore[misc]  # fabric has no types
    """Runs tasks once, and hands ``-H`` to those that take ``hosts``; named in fabric.yaml.

    ``fab -H a,b -- command`` stays as it is.
    """

    def expand_calls(self, calls: list[Any], apply_hosts: bool = True) -> list[Any]:
        """Return the calls to make."""
        named = self.core[0].args.hosts.value
        for call in calls if named and apply_hosts else []:
            if "hosts" in call.kwargs:
                if call.kwargs["hosts"]:
                    raise Exit("Name the hosts once: either -H or --hosts.", code=1)
                call.kwargs["hosts"] = named
        return list(super().expand_calls(calls, apply_hosts=apply_hosts and not calls))
