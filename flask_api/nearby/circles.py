"""Who is near: the places that Redis keeps in a GEO key, and the nearest of them at a cost that does not grow.

GEOSEARCH looks at everybody in its circle, and at more around it: in the midst of a city, or beside one, that is
everybody. The same key is a sorted set, whose scores are the numbers of cells that halve the Earth over and over; so
the cells are asked how many are in each, the nearest first, and only those are divided that many people are in.

GEO knows no poles. Whoever is near one is also kept, or only, in a second key, for which the Earth was turned.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_api.core import redis_keys
from flask_api.core.database import now
from flask_api.core.redis_trips import Script
from flask_api.extensions import redis_trips
from flask_api.nearby.sphere import KM_OF_A_DEGREE, Point, turned

READY = redis_keys.made_of_rows("geo", "ready")
PLACES = redis_keys.made_of_rows("geo", "places")
POLAR = redis_keys.made_of_rows("geo", "polar")
VERSIONS = redis_keys.made_of_rows("geo", "versions")

WIDEST = 100  # km: the last circle
# Degrees of latitude. The first two are further apart from the third than the last circle is wide.
PLACES_UNTIL, POLAR_FROM, LOOKS_AT_POLAR = 85, 83, 84
CLOCKS_APART = timedelta(minutes=1)  # that of two hosts, at most
RACE = timedelta(hours=1)  # longer than two that feed the same user may be apart
PORTION = 1000  # that Redis takes out, or looks through, at once

# Two that feed the same user may overtake each other: what is older than what is known is left out.
# ARGV: from which version on one may still be overtaken; only these are kept, or a rebuild would keep millions for an
# hour. Then user, version, longitude and latitude in the one key and in the other; none: not in it. And so on.
PUT = Script(
    """
for place = 2, #ARGV, 6 do
  local user, version = ARGV[place], tonumber(ARGV[place + 1])
  if tonumber(redis.call('ZSCORE', KEYS[4], user) or 0) <= version then
    if version >= tonumber(ARGV[1]) then redis.call('ZADD', KEYS[4], ARGV[place + 1], user) end
    for number = 1, 2 do
      local longitude, latitude = ARGV[place + 2 * number], ARGV[place + 2 * number + 1]
      if longitude == '' then redis.call('ZREM', KEYS[number + 1], user)
      else redis.call('GEOADD', KEYS[number + 1], longitude, latitude, user) end
    end
  end
end
return redis.call('EXISTS', KEYS[1])
"""
)

# ARGV: until which version, how many at once: more would keep Redis from all others. Answers how many it has taken out.
FORGET = Script(
    """
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #old > 0 then redis.call('ZREM', KEYS[1], unpack(old)) end
return #old
"""
)

# The numbers of the cells: geohashes, a pair of bits for each level, the longitude's first. A heap has what is to be
# looked at, the nearest on top: cells, and people of cells so large that it matters where in them they are.
NEAREST = Script(
    """
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local key, lat, lon, kilometres = KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local widest, offset, count = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local SOUTH, HEIGHT, WIDTH = -85.05112878, 170.10225756, 360
local LEVELS, SMALL, SMALLEST, FEW = 26, 15, 17, 16

local heap, size = {}, 0
local function push(entry)
  size = size + 1
  local place = size
  while place > 1 do
    local above = math.floor(place / 2)
    if heap[above][1] <= entry[1] then break end
    heap[place], place = heap[above], above
  end
  heap[place] = entry
end
local function pop()
  local top, last = heap[1], heap[size]
  heap[size], size = nil, size - 1
  local place = 1
  while 2 * place <= size do
    local below = 2 * place
    if below < size and heap[below + 1][1] < heap[below][1] then below = below + 1 end
    if heap[below][1] >= last[1] then break end
    heap[place], place = heap[below], below
  end
  if size > 0 then heap[place] = last end
  return top
end

local function reach(south, west, level)
  local height, width = HEIGHT / 2 ^ level, WIDTH / 2 ^ level
  local north = math.max(south - lat, lat - south - height, 0)
  local east = math.abs(west + width / 2 - lon)
  east = math.max(math.min(east, 360 - east) - width / 2, 0)
  east = east * math.cos(math.rad(math.max(math.abs(lat), math.abs(south), math.abs(south + height))))
  return kilometres * math.sqrt(north * north + east * east)
end
local function push_quarters(cell)
  local level = cell[3] + 1
  for quarter = 0, 3 do
    local south = cell[4] + quarter % 2 * HEIGHT / 2 ^ level
    local west = cell[5] + math.floor(quarter / 2) * WIDTH / 2 ^ level
    push({reach(south, west, level), cell[2] * 4 + quarter, level, south, west})
  end
end

local found, passed = {}, 0
local function push_people(cell, from, to)
  local people = redis.call('ZRANGEBYSCORE', key, from, to, 'WITHSCORES')
  for place = 1, #people, 2 do
    local number, south, west = tonumber(people[place + 1]) - tonumber(from), cell[4], cell[5]
    for level = cell[3] + 1, 20 do
      local quarter = math.floor(number / 4 ^ (LEVELS - level))
      number = number - quarter * 4 ^ (LEVELS - level)
      south = south + quarter % 2 * HEIGHT / 2 ^ level
      west = west + math.floor(quarter / 2) * WIDTH / 2 ^ level
    end
    push({reach(south, west, 20), people[place]})
  end
end
local function take(inside, from, to)
  local skipped = math.max(offset - passed, 0)
  if skipped < inside then
    local limit = count - #found
    for _, user in ipairs(redis.call('ZRANGEBYSCORE', key, from, to, 'LIMIT', skipped, limit)) do
      found[#found + 1] = user
    end
  end
  passed = passed + inside
end

push({0, 0, 0, SOUTH, -180})
while size > 0 and #found < count do
  local cell = pop()
  if cell[1] > widest then break end
  local level = cell[3]
  if not level then
    passed = passed + 1
    if passed > offset then found[#found + 1] = cell[2] end
  else
    local scale = 4 ^ (LEVELS - level)
    local from, to = string.format('%.0f', cell[2] * scale), string.format('(%.0f', (cell[2] + 1) * scale)
    local inside = redis.call('ZCOUNT', key, from, to)
    if inside > 0 then
      if level >= SMALL and (inside <= FEW or level == SMALLEST) then take(inside, from, to)
      elseif inside <= FEW then push_people(cell, from, to)
      else push_quarters(cell) end
    end
  end
end
return found
"""
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Where Redis shall have somebody, and what tells which of two is newer; no place: nowhere."""

    user_id: int
    place: Point | None
    version: datetime


def put(people: Iterable[Shown]) -> bool:
    """Tell Redis where people are; return whether it has all others as well."""
    told = [part for person in people for part in _told(person)]
    return bool(redis_trips.ask(PUT.call([READY, PLACES, POLAR, VERSIONS], _race(), *told), scripts=(PUT,))[0])


def _race() -> int:
    return round((now() - RACE).timestamp() * 1e6)


def _told(person: Shown) -> Sequence[object]:
    place, version = person.place, round(person.version.timestamp() * 1e6)
    off = abs(place.latitude) if place is not None else 0
    main = place if place is not None and off <= PLACES_UNTIL else None
    polar = turned(place) if place is not None and off >= POLAR_FROM else None
    return (person.user_id, version, *_coordinates(main), *_coordinates(polar))


def _coordinates(point: Point | None) -> tuple[object, object]:
    return ("", "") if point is None else (repr(point.longitude), repr(point.latitude))


def nearest(place: Point, offset: int, count: int) -> list[int] | None:
    """Return who is within the last circle around a place, the nearest first, about; None: Redis was emptied."""
    is_polar = abs(place.latitude) > LOOKS_AT_POLAR
    latitude, longitude = turned(place) if is_polar else place
    keys = [READY, POLAR if is_polar else PLACES]
    command = NEAREST.call(keys, repr(latitude), repr(longitude), KM_OF_A_DEGREE, WIDEST, offset, count)
    found = redis_trips.ask(command, scripts=(NEAREST,))[0]
    return None if found is None else [int(user_id) for user_id in found]


def forget_versions() -> None:
    """Forget which of two was newer, where nobody can still be at it."""
    forget = FORGET.call([VERSIONS], _race(), PORTION)
    while redis_trips.ask(forget, scripts=(FORGET,))[0] == PORTION:
        pass


def known() -> Iterator[list[int]]:
    """Yield whom Redis has a place of, some at a time, and some twice."""
    for key in (PLACES, POLAR):
        cursor = b"0"
        while True:
            cursor, found = redis_trips.ask(("ZSCAN", key, cursor, "COUNT", PORTION))[0]
            yield [int(user_id) for user_id in found[::2]]
            if int(cursor) == 0:
                break
