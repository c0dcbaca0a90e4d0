"""The ceiling: a bare tornado handler that writes fixed bytes, the very answers of the real contenders."""

import argparse
import asyncio
import json
from pathlib import Path

from tornado.web import Application, RequestHandler


class FixedAnswer(RequestHandler):
    """Answers with the same JSON every time."""

    def initialize(self, body: bytes) -> None:
        """Remember what to answer."""
        self.body = body

    def get(self) -> None:
        """Answer."""
        self.set_header("Content-Type", "application/json")
        self.write(self.body)


async def serve(port: int, answers: dict[str, str]) -> None:
    """Serve ``answers`` (path → body) until killed."""
    routes = [(path, FixedAnswer, {"body": body.encode()}) for path, body in answers.items()]
    Application(routes).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--answers", type=Path, required=True, help="JSON file: path → body")
    args = parser.parse_args()
    asyncio.run(serve(args.port, json.loads(args.answers.read_text())))


if __name__ == "__main__":
    main()
