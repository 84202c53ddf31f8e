# SPDX-License-Identifier: BSD-2-Clause
"""The invented sites of the accuracy test: hosts with their logs and event logs.

Each thread of a host works through blocks of records; threads take turns, so
that their lines are mixed and the lines of one block stay in order on their
thread.  What is true of a record is said where it is made, here and in
families.py, by whoever plants it: nothing is read back from the product."""
import random
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1998, 9, 1, tzinfo=timezone.utc)
DAYS = ('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')
MONTHS = ('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec')
# hours east of UTC of the host's clock, the Windows name of its zone
ZONES = ((-5, 'America/Bogota', 'SA Pacific Standard Time'), (9, 'Asia/Tokyo', 'Tokyo Standard Time'),
         (0, 'UTC', 'GMT Standard Time'), (3, 'Asia/Riyadh', 'Arab Standard Time'))
FORMS = ('1.x', '2.0', 'cb', 'bracket')


class Truth(dict):
    """What an expert would say of one record.  'fam' names the family; 'cls' is a
    class or, where several words mean the same nothing, a tuple of them."""


class Record:
    __slots__ = ('at', 'component', 'thread', 'text', 'truth', 'name')

    def __init__(self, text, truth, component='SMS_DESPOOLER', name=None):
        self.text, self.truth, self.component, self.name = text, truth, component, name


class Host:
    def __init__(self, number, form, rng):
        self.rng = rng
        self.name = ('ANFIELD', 'BOBCAT', 'CORONA', 'DELPHI', 'ELMIRA', 'FARGO', 'GALWAY', 'HALIFAX')[number]
        self.form = form
        self.site = 'S%02d' % number
        self.offset, self.zone, self.windows_zone = ZONES[number % len(ZONES)]
        self.threads = [0x1D0] if form == '1.x' else [rng.randrange(0x100, 0x1fff) for _ in range(5)]
        self.side_threads = [rng.randrange(0x2000, 0x2fff) for _ in range(3)]
        self.records, self.events, self.alarms = [], [], {}
        self.clock = EPOCH + timedelta(seconds=number * 11)

    def local(self, at):
        return at + timedelta(hours=self.offset)

    def trailer(self, r):
        t, c = self.local(r.at), r.component
        day = '%s %s %02d %02d:%02d:%02d' % (DAYS[t.weekday()], MONTHS[t.month - 1], t.day, t.hour, t.minute, t.second)
        ms = t.microsecond // 1000
        if self.form == '1.x':
            return '  $$<%s><%s %d~><thread=%X>' % (c, day, t.year, r.thread)
        thread = '%d (0x%X)' % (r.thread, r.thread)
        if self.form == '2.0':
            return '  $$<%s><%s.%03d %d %s><thread=%s>' % (c, day, ms, t.year, self.windows_zone, thread)
        return '  $$<%s><%02d-%02d-%d %02d:%02d:%02d.%03d%+d><thread=%s>' % (
            c, t.month, t.day, t.year, t.hour, t.minute, t.second, ms, -60 * self.offset, thread)

    def bracketed(self, r):
        t = self.local(r.at)
        return '<![LOG[%s]LOG]!><time="%02d:%02d:%02d.%03d%+d" date="%d-%d-%d" component="%s" context="" type="1" thread="%d" file="x.cpp:1">' % (
            r.text, t.hour, t.minute, t.second, t.microsecond // 1000, -60 * self.offset, t.month, t.day, t.year,
            r.component, r.thread)


# --- damage (reference 1.6): what pasting, mailing and printing do to a record -------------------

def wrap(rng, text):
    """Breaks the record at blanks near a column, as articles do."""
    width = rng.randrange(60, 100)
    words, lines, line = text.split(' '), [], ''
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = word if not line and not lines else (line + ' ' + word if line else word)
    return '\n'.join(lines + [line])


def damage(rng, line):
    at = line.rfind('$$<')
    if at < 0 or rng.random() < 0.5:
        return wrap(rng, line)
    head, tail = line[:at], line[at:]
    kind = rng.randrange(7)
    if kind == 0:
        tail = '$$>' + tail[3:]
    elif kind == 1:
        tail = '<$$' + tail[3:]
    elif kind == 2:
        tail = '$<' + tail[3:]
    elif kind == 3:
        tail = tail.replace('><', '<', 1)
    elif kind == 4:
        tail = tail + '<BR/>'
    elif kind == 5:
        cut = tail.find('><') + 1
        tail = tail[:cut] + '\n' + tail[cut:]
    else:
        cut = tail.rfind('><') + 1
        tail = tail[:cut] + '\n' + tail[cut:]
    return head + tail


class Writer:
    """Writes one log and notes the offset at which each record begins."""

    def __init__(self, path, rng, damaged):
        self.file, self.rng, self.damaged = open(path, 'wb'), rng, damaged
        self.at, self.truth, self.hurt = 0, {}, 0

    def put(self, line, truth, whole=False):
        if not whole and self.rng.random() < self.damaged:
            line = damage(self.rng, line)
            self.hurt += 1
        data = (line + '\r\n').encode('latin-1')
        self.truth[self.at] = truth
        self.file.write(data)
        self.at += len(data)


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


def event_xml(host, number, at, event):
    text = escape(event.get('text', ''))
    text = text and '<RenderingInfo Culture="en-US"><Message>%s</Message></RenderingInfo>' % text
    strings = ''.join('<Data>%s</Data>' % escape(s) for s in event['inserts'])
    return ('<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="%s"/>'
            '<EventID Qualifiers="49152">%d</EventID><Level>2</Level><TimeCreated SystemTime="%s"/>'
            '<EventRecordID>%d</EventRecordID><Channel>Application</Channel><Computer>%s</Computer></System>'
            '<EventData>%s</EventData>%s</Event>') % (
                event.get('from', 'SMS'), event['id'], at.strftime('%Y-%m-%dT%H:%M:%S.000Z'), number, host.name, strings, text)
