"""What people say of themselves, and under their photos."""

from random import Random
from typing import NamedTuple


class Words(NamedTuple):
    """The parts of a bio in one language; ``{city}`` and ``{hobby}`` are slots."""

    cities: tuple[str, ...]
    jobs: tuple[str, ...]
    hobbies: tuple[str, ...]
    homes: tuple[str, ...]  # where and what
    likes: tuple[str, ...]  # two hobbies
    lines: tuple[str, ...]  # stands alone
    wishes: tuple[str, ...]
    between: str


CHINESE = Words(
    cities=("北京", "上海", "成都", "杭州", "广州", "深圳", "西安", "重庆", "南京", "厦门", "昆明", "青岛", "苏州",
            "武汉", "长沙", "天津", "大连", "珠海", "无锡", "贵阳"),
    jobs=("设计师", "小学老师", "程序员", "护士", "会计", "厨师", "产品经理", "摄影师", "建筑师", "律师",
          "编辑", "司机", "咖啡师", "公务员", "翻译", "健身教练", "兽医", "插画师", "工程师", "导游", "药剂师",
          "花店老板", "自由职业者"),
    hobbies=("爬山", "做饭", "看老电影", "跑步", "弹吉他", "养花", "拍照", "骑车", "写字", "打羽毛球", "露营",
             "逛菜市场", "看展", "烘焙", "下棋", "游泳", "听播客", "拼图", "画画", "钓鱼", "徒步", "唱歌", "打篮球",
             "撸猫"),
    homes=("坐标{city}，{job}。", "{city}｜{job}", "在{city}做{job}。", "{job}，最近搬到{city}。",
           "土生土长{city}人，{job}。", "白天是{job}，晚上是{city}的散步爱好者。"),
    likes=("喜欢{hobby}和{other}。", "{hobby}五年，{other}刚入门。", "周末不是在{hobby}，就是在{other}。",
           "爱{hobby}，也爱{other}。", "{hobby}／{other}／发呆", "因为{hobby}认识了很多朋友。"),
    lines=("慢热，熟了话很多。", "家里有一只很有主见的猫。", "相信好好吃饭能解决大部分问题。", "回消息慢，但一定会回。",
           "不熬夜，除非有好电影。", "正在学着早起。", "会修自行车，不会修自己。", "手机里有两千张天空。",
           "能吃辣，请放心约饭。", "话少，但很会听。", "攒钱去看极光。", "方向感很差，散步常有惊喜。", "喝茶，不喝酒。",
           "INFJ，偶尔E一下。", "生活不在别处。", "今年目标：读完二十本书。", "普通人，认真生活。", "笑点很低 😂"),
    wishes=("想找一起{hobby}的朋友。", "欢迎推荐{city}好吃的店。", "希望遇见有趣的你。", "先做朋友，慢慢来。",
            "同城可以约{hobby}。", "有空一起喝咖啡。", "不闲聊，直接约饭。", "路过打个招呼吧。"),
    between="",
)  # fmt: skip

ENGLISH = Words(
    cities=("Beijing", "Shanghai", "Chengdu", "Hangzhou", "Shenzhen", "Xiamen", "Kunming", "Nanjing", "Suzhou",
            "Guangzhou", "Qingdao", "Singapore", "Hong Kong", "Taipei"),
    jobs=("designer", "teacher", "software engineer", "nurse", "accountant", "chef", "product manager",
          "photographer", "architect", "lawyer", "editor", "barista", "translator", "vet",
          "illustrator", "sound engineer", "tour guide", "pharmacist", "florist"),
    hobbies=("climbing", "cooking", "old films", "running", "guitar", "gardening", "street photography", "cycling",
             "calligraphy", "badminton", "camping", "baking", "chess", "swimming", "podcasts", "sketching",
             "fishing", "hiking", "karaoke", "board games"),
    homes=("{job} in {city}.", "Based in {city}, working as {a_job}.", "{city} · {job}",
           "Half {job}, half tourist in {city}.", "By day {a_job}, by night lost somewhere in {city}.",
           "New in {city}. Still {a_job}."),
    likes=("Into {hobby} and {other}.", "Five years of {hobby}, five weeks of {other}.",
           "Weekends are for {hobby} and {other}.", "Happiest with {hobby}, worst at {other}.",
           "{hobby} / {other} / doing nothing", "Ask me about {hobby}."),
    lines=("Slow to warm up, hard to stop.", "Lives with a cat who has opinions.", "Believes in a proper breakfast.",
           "Replies late, but replies.", "Two thousand pictures of the sky on my phone.",
           "Can fix your bike, not your heart.", "Speaks three languages, all with an accent.",
           "Tea over coffee, mountains over malls.", "Reads maps for fun.", "Good listener, terrible dancer.",
           "Saving up for the northern lights.", "No sense of direction, plenty of stories.",
           "Early bird, reluctantly.", "Laughs at own jokes.", "Trying to read twenty books this year.",
           "Ordinary person, decent dumplings.", "Probably outside right now. 🌿"),
    wishes=("Looking for people to go {hobby_with} with.", "Tell me where to eat in {city}.", "Say hi, I don't bite.",
            "Friends first.", "Always up for a coffee.", "Let's swap recipes.", "Here to practise my Chinese.",
            "Show me your favourite corner of {city}."),
    between=" ",
)  # fmt: skip

GOING = ("climbing", "running", "cycling", "camping", "swimming", "fishing", "hiking")  # one goes … with others

CAPTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # of each motif: Chinese, English
    "hills": (("山外还有山", "爬上来就值了", "风很大，心很静", "一层一层的蓝"),
              ("Hills behind hills", "Worth the climb", "Windy up here", "Layer after layer")),
    "lake": (("清晨五点的湖", "湖面像镜子", "小船和雪山", "安静得能听见桨声"),
             ("The lake at five", "A mirror with a sail", "Snow and still water", "Nobody but that boat")),
    "sea": (("海边的傍晚", "听了一下午的浪", "光铺成一条路", "赤脚走到头"),
            ("Evening by the sea", "A road of light", "Listened to the waves all day", "Sand in my shoes")),
    "city": (("加班后的城市", "每盏灯后面都有人", "从天台看出去", "下班路上"),
             ("The city after work", "Somebody lives behind each light", "From the roof", "On my way home")),
    "dunes": (("沙丘的影子", "走一步退半步", "沙漠里的安静", "风画的线"),
              ("Shadows on the dunes", "One step up, half a step back", "Drawn by the wind", "So quiet here")),
    "forest": (("林子里有松香", "雾还没散", "跟着鸟叫走", "森林的早晨"),
               ("Smells of resin", "Fog between the pines", "Followed the birds", "Morning in the woods")),
    "portrait": (("朋友画的我", "新头像，好看吗", "今天心情不错"),
                 ("Drawn by a friend", "New me?", "A good day")),
}  # fmt: skip


def write_bio(rng: Random, *, chinese: bool) -> str:
    """Return what somebody says of himself: nothing at times, or one to four short sentences."""
    if rng.random() < 0.12:
        return ""
    words = CHINESE if chinese else ENGLISH
    hobby, other = rng.sample(words.hobbies, 2)
    slots = {"city": rng.choice(words.cities), "job": rng.choice(words.jobs), "hobby": hobby, "other": other}
    slots["a_job"] = f"{'an' if slots['job'][0] in 'aeiou' else 'a'} {slots['job']}"
    slots["hobby_with"] = rng.choice(GOING)
    kinds = ((words.homes, 0.7), (words.likes, 0.6), (words.lines, 0.65), (words.wishes, 0.3))
    parts = [rng.choice(texts) for texts, share in kinds if rng.random() < share] or [rng.choice(words.lines)]
    filled = [text.format(**slots) for text in parts]
    # What does not end like a sentence has a line of its own.
    lines = [part[0].upper() + part[1:] + (words.between if part[-1] in "。.!?" else "\n") for part in filled]
    return "".join(lines).strip()
