"""What can go wrong in a deployment, said in one line for the operator."""


class DeployError(Exception):
    """Something an operator can cause or mend; the text is one line, or a line and indented ones below it."""


class HostError(DeployError):
    """A step failed on one host. ``log`` is the end of the log of the process that failed, where there is one."""

    def __init__(self, host: str, message: str, log: str = "") -> None:
        super().__init__(f"{host}: {message}")
        self.host = host
        self.message = message
        self.log = log


class Unreachable(HostError):
    """No connection to the host, or it broke: nobody knows how far the step came."""


class Declined(DeployError):
    """The operator said no."""
