"""Nicknames: names that Faker knows, in the ways people bend them, and things that people call themselves."""

from random import Random

from faker import Faker

POOL = 400  # names of each kind that are drawn from Faker once; it is too slow to be asked for each person

ADJECTIVES = ("爱笑的", "慢半拍的", "不熬夜的", "想早起的", "追风的", "迷路的", "半糖的", "会飞的", "安静的", "贪吃的",
              "晒太阳的", "认真的", "不加香菜的", "散步的", "发呆的", "乐观的")  # fmt: skip
BEINGS = (
    "猫",
    "鲸鱼",
    "橘子",
    "小熊",
    "麻雀",
    "企鹅",
    "土豆",
    "月亮",
    "云",
    "小王子",
    "狐狸",
    "水獭",
    "番茄",
    "松鼠",
    "河马",
    "蘑菇",
)
PHRASES = ("夜航船", "南山有风", "半夏", "海盐汽水", "三月的雨", "北岛以北", "一杯清茶", "山月", "听风的人",
           "夏天的尾巴", "小满", "白日梦", "星河", "木子", "野草莓", "风起", "长安故里", "温水", "远山", "拾光",
           "鱼不语", "知秋", "微光", "晚风")  # fmt: skip
ENGLISH_PHRASES = ("Moonriver", "Sunday Kid", "Papercrane", "Wanderer", "Blue Kettle", "Mango", "Northwind", "Tofu",
                   "Miso", "Slow Train", "Pixel", "Otter", "Juniper", "Tangerine", "Nightowl", "Sailor", "Bamboo",
                   "Maple", "Cloud Nine", "Biscuit", "Pepper", "Driftwood", "Sparrow", "Lucky")  # fmt: skip
EMOJI = ("🌿", "☀️", "🐱", "🌊", "🍊", "✨", "🎧", "🌙")


class Names:
    """A pool of names, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        chinese, english = Faker("zh_CN"), Faker("en_US")
        chinese.seed_instance(seed)
        english.seed_instance(seed)
        self._surnames = [chinese.last_name() for _ in range(POOL)]  # frequent ones come frequently
        self._given = {
            "male": [chinese.first_name_male() for _ in range(POOL)],
            "female": [chinese.first_name_female() for _ in range(POOL)],
        }
        self._english_surnames = [english.last_name() for _ in range(POOL)]
        self._english = {
            "male": [english.first_name_male() for _ in range(POOL)],
            "female": [english.first_name_female() for _ in range(POOL)],
        }

    def nickname(self, rng: Random, gender: str | None, *, chinese: bool) -> str:
        """Return a nickname of 1 to 30 characters."""
        kind = gender if gender in ("male", "female") else rng.choice(("male", "female"))
        name = self._chinese_name(rng, kind) if chinese else self._english_name(rng, kind)
        if rng.random() < 0.05:
            name += rng.choice(EMOJI)
        return name[:30].strip()

    def _chinese_name(self, rng: Random, gender: str) -> str:
        way, given = rng.random(), rng.choice(self._given[gender])
        if way < 0.30:
            return rng.choice(self._surnames) + given
        if way < 0.42:
            return given
        if way < 0.60:
            return rng.choice(("小", "阿", "大", given[-1])) + given[-1]
        if way < 0.76:
            return rng.choice(ADJECTIVES) + rng.choice(BEINGS)
        if way < 0.90:
            return rng.choice(PHRASES) + (str(rng.randrange(10, 2010)) if rng.random() < 0.35 else "")
        return f"{rng.choice(self._english[gender])} {rng.choice(self._surnames)}"

    def _english_name(self, rng: Random, gender: str) -> str:
        way, first = rng.random(), rng.choice(self._english[gender])
        if way < 0.30:
            return first
        if way < 0.50:
            return f"{first} {rng.choice(self._english_surnames)}"
        if way < 0.65:
            return f"{first} {rng.choice(self._english_surnames)[0]}."
        if way < 0.80:
            return f"{first.lower()}_{rng.randrange(1, 100):02d}"
        return rng.choice(ENGLISH_PHRASES) + (str(rng.randrange(1, 100)) if rng.random() < 0.4 else "")
