"""Periods of budgets by Python's zoneinfo: an independent reading of the rules in docs/budgets.md.

Reads questions `KIND START_DAY ZONE UNIX_SECONDS`, one a line; answers `START END` in Unix seconds, one a line. With an argument, prints
every change of offset of that zone between 2000 and 2040 instead.

Unlike the program under test, this one goes by what a wall clock shows: it makes both instants that a local midnight may stand for (fold 0
and 1), keeps those that show it when read back, and where none does, looks for the first second that shows something later.
"""
import calendar
import datetime as dt
import functools
import sys
import zoneinfo

UTC = dt.timezone.utc
DAY = dt.timedelta(days=1)


@functools.lru_cache(maxsize=None)
def zone_of(name):
    return zoneinfo.ZoneInfo(name)


def wall(seconds, zone):
    return dt.datetime.fromtimestamp(seconds, UTC).astimezone(zone_of(zone)).replace(tzinfo=None)


@functools.lru_cache(maxsize=None)
def start_of(date, zone):
    """The first instant of a date: its midnight's first, or where there is none, the first one that shows a later time."""
    midnight = dt.datetime(date.year, date.month, date.day)
    valid = []
    for fold in (0, 1):
        instant = int(midnight.replace(tzinfo=zone_of(zone), fold=fold).timestamp())
        if wall(instant, zone) == midnight:
            valid.append(instant)
    if valid:
        return min(valid)
    low = int(midnight.replace(tzinfo=UTC).timestamp()) - 16 * 3600
    high = low + 32 * 3600
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wall(middle, zone) < midnight else (low, middle)
    return high


def first_date(kind, day, date):
    if kind == "day":
        return date
    if kind == "week":
        return date - dt.timedelta(days=date.weekday())
    start = in_month(kind, day, date.year, date.month)
    return start if date >= start else in_month(kind, day, *month_before(date.year, date.month))


def next_date(kind, day, first):
    if kind == "day":
        return first + DAY
    if kind == "week":
        return first + 7 * DAY
    return in_month(kind, day, first.year + first.month // 12, first.month % 12 + 1)


def month_before(year, month):
    return (year, month - 1) if month > 1 else (year - 1, 12)


def in_month(kind, day, year, month):
    return dt.date(year, month, min(day if kind == "fiscal_month" else 1, calendar.monthrange(year, month)[1]))


def answer(kind, day, zone, seconds):
    first = first_date(kind, day, wall(seconds, zone).date() + 2 * DAY)
    while start_of(first, zone) > seconds:
        first = first_date(kind, day, first - DAY)
    # The last period that has begun; one without length has ended where it begins.
    following = next_date(kind, day, first)
    return start_of(first, zone), start_of(following, zone)


def changes(zone):
    step, seconds = 3600, int(dt.datetime(2000, 1, 1, tzinfo=UTC).timestamp())
    end = int(dt.datetime(2040, 1, 1, tzinfo=UTC).timestamp())
    offset = lambda at: dt.datetime.fromtimestamp(at, zone_of(zone)).utcoffset()
    last = offset(seconds)
    while seconds < end:
        seconds += step
        now = offset(seconds)
        if now != last:
            low, high = seconds - step, seconds
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == last else (low, middle)
            print(high)
            last = now


if len(sys.argv) > 1:
    changes(sys.argv[1])
else:
    for line in sys.stdin:
        kind, day, zone, seconds = line.split()
        print(*answer(kind, int(day), zone, int(seconds)))
