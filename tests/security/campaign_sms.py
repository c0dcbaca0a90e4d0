"""SMS codes under fire: hundreds ask for a code of one phone at once, hundreds guess one, over two server processes."""

import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from redis import Redis

from tests.security.barrage import Barrage, request_bytes
from tests.security.figures import Figure, Part, Sizes, progress
from tests.security.two_servers import TwoServers

SPELLINGS = ("{phone}", "+86{phone}", "0086 {phone}", "+86 {phone}")
SENT = "console SMS to"  # what the provider logs of each


class Bombing:
    """Attacks one phone after the other."""

    def __init__(self, site: TwoServers, sizes: Sizes) -> None:
        self._site, self._sizes = site, sizes
        self._random = random.Random(sizes.seed)
        self._redis: Redis = Redis.from_url(site.redis.url())
        addresses = [server.address for server in site.servers]
        self._sending, self._guessing = Barrage(addresses, sizes.sends), Barrage(addresses, sizes.guesses)
        self.words: Counter[str] = Counter()
        self.sent: list[int] = []  # SMS in each round
        self.evaluated: list[int] = []  # guesses in each round
        self.guessed = self.right_afterwards = 0

    def run(self) -> None:
        for _ in progress(range(self._sizes.rounds), "SMS"):
            self._bomb()
            self._guess()
        self._sending.close()
        self._guessing.close()

    def _bomb(self) -> None:
        phone, before = self._site.make.phone(), self._logged()
        spellings = [SPELLINGS[number % len(SPELLINGS)].format(phone=phone) for number in range(self._sizes.sends)]
        outcomes = self._sending.send([request_bytes("POST", "/auth/sms-codes", {"phone": one}) for one in spellings])
        self.words.update(f"{outcome.code} {outcome.status}" for outcome in outcomes)
        self.sent.append(self._logged() - before)

    def _guess(self) -> None:
        phone = self._site.make.phone()
        answer = self._site.ask(0, "POST", "/auth/sms-codes", json={"phone": phone})
        right = str(answer.json()["data"]["code"])
        wrong = [code for code in self._codes() if code != right][: self._sizes.guesses]
        self._redis.config_resetstat()
        outcomes = self._guessing.send([self._login(phone, code) for code in wrong])
        stats: dict[str, Any] = self._redis.info("commandstats")  # type: ignore[assignment]
        self.evaluated.append(stats["cmdstat_hget"]["calls"])  # each comparison reads the hash once
        self.guessed += sum(outcome.code == 200 for outcome in outcomes)
        self.right_afterwards += self._guessing.send([self._login(phone, right)])[0].code == 200

    def _codes(self) -> list[str]:
        return [f"{number:06d}" for number in self._random.sample(range(10**6), self._sizes.guesses + 1)]

    def _login(self, phone: str, code: str) -> bytes:
        return request_bytes("POST", "/auth/sms-login", {"phone": phone, "code": code})

    def _logged(self) -> int:
        """How many SMS the two servers have sent so far, by their own logs."""
        files = [server.data_dir / "logs" / "solo.log" for server in self._site.servers]
        return sum(file.read_text().count(SENT) for file in files)


def run(sizes: Sizes) -> list[Figure]:
    settings = {"SOLO_SMS_CODE_INTERVAL": "60", "SOLO_QUEUE_SIZE": "2000", "SOLO_REDIS_TIMEOUT": "10"}
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder), **settings) as site:
        bombing = Bombing(site, sizes)
        bombing.run()
    told = ", ".join(f"{count:,} × {word}" for word, count in bombing.words.most_common())
    sent, evaluated = sorted(set(bombing.sent)), sorted(set(bombing.evaluated))
    right = bombing.right_afterwards
    bombed, guessed = (f"{sizes.rounds} phones, {count} at once" for count in (sizes.sends, sizes.guesses))
    return [
        Figure(f"{bombed} ask for a code: SMS for each", f"{sent} ({told})", "[1]", sent == [1]),
        Figure(f"{guessed} guess a code: evaluated", str(evaluated), "≤ 5", max(evaluated) <= 5),
        Figure(f"{guessed} guess a code: logged in", str(bombing.guessed), "0", bombing.guessed == 0),
        Figure(f"{guessed}: the right code after them", str(right), "0", right == 0),
    ]


PART = Part("sms", "a phone bombed with SMS, and its code guessed", run)
