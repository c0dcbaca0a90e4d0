"""Several parts that make one thing for a test."""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import Self


class Assembly(ABC):
    """Put together on entering; taken apart at the end, or as soon as one part does not come up."""

    def __init__(self) -> None:
        self.parts = ExitStack()

    def __enter__(self) -> Self:
        try:
            self.assemble()
        except BaseException:  # Ctrl-C too
            self.parts.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.parts.close()

    @abstractmethod
    def assemble(self) -> None:
        """Start the parts, and enter what ends them into ``parts``."""
