# SPDX-License-Identifier: BSD-2-Clause
"""The failure families and the healthy life around them, in texts written for this
test from what is publicly known of the logs, with the verdict an expert gives."""
from world import Record, Truth

OK = ('activity', 'unclassified', 'recovered')  # ordinary: nothing is wrong
HEX = '0123456789ABCDEF'


def code_words(rng, code):
    """The spellings of a Win32 code that logs were seen to use, each with a '%d'-free text."""
    spelled = [', Win32 Error = %d', ', WIN32 ERROR = %d', ', Win32 error = %d.', ', WIN32 error %d', ', Win32 = %d',
               ' (Win32 error: %d)', ', Win32 Error: %d', ', Win32 Error Code = %d', ' (error %d)', ', GetLastError %d']
    words = rng.choice(spelled) % code
    return words


def hresult_words(rng, code):
    """The same code as an HRESULT: hexadecimal, unsigned and signed decimal."""
    value = 0x80070000 + code
    return rng.choice((' (#%s)', ', error %s', ' (error: %s)', ', hr = %s', ', GetLastError %s')) % rng.choice(
        ('0x%08X' % value, '0x%08x' % value, '%d' % value, '%d' % (value - (1 << 32))))


class Names:
    """Names that are used once, so that each incident has keys of its own."""

    def __init__(self, rng):
        self.rng, self.n = rng, 0

    def package(self):
        self.n += 1
        return ''.join(self.rng.choice('ABCDEFGHKLMNPRSTUVWX') for _ in range(3)) + '%05X' % self.n

    def instruction(self, ending=None):
        self.n += 1
        return self.rng.choice(('ds_%05x%s', '%05xtS1%s', 'PKG%05x%s')) % (
            self.n, ending or self.rng.choice(('.ins', '.sni', '.INS', '.SNI', '.ist')))

    def server(self):
        return self.rng.choice(('NYDP', 'PARDP', 'TOKDP', 'LONDP', 'SAODP')) + '%d' % self.rng.randrange(1, 40)

    def file(self):
        return self.rng.choice(('setup', 'data1', 'winword', 'Program Files~1', 'a b c', 'OFFICE', 'msi_32', 'error 32')) + \
            '%d' % self.rng.randrange(1000) + self.rng.choice(('.exe', '.EXE', '.cab', '.dll', '.msi', '.txt'))

    def folder(self):
        return self.rng.choice(('E:\\_S M%04d.TMP', 'D:\\SMS\\_tmp%d', 'C:\\Program Files\\SMS\\t%d')) % self.rng.randrange(9999)


class Planter:
    """Makes blocks (lists of records for one thread) and event-log records of one host."""

    def __init__(self, host, names, rng):
        self.host, self.names, self.rng = host, names, rng

    # --- healthy ---------------------------------------------------------------------------------
    def healthy(self):
        rng, n = self.rng, self.names
        kind = rng.randrange(12)
        if kind < 5:
            return self.good_run()
        if kind == 5:
            return [Record(rng.choice((
                '~Waiting for ready instruction file....', '~Ready for the next instruction',
                '~Memory usage: blocks=32 bytes=32', 'Used %d out of 3 allowed despooling threads' % rng.randrange(4),
                '~thread ID = 32', '~Waiting for an available despooling thread.', '~handle is #%d' % rng.randrange(200), '~~')),
                Truth(fam='healthy', cls=OK))]
        if kind == 6:
            return [Record(self.false_friend(), Truth(fam='false-friend', cls=OK))]
        if kind == 7:
            return [Record('~Package %s (version %d) is in the store' % (n.package(), rng.choice((1, 32, 112))),
                           Truth(fam='healthy', cls=OK))]
        if kind == 8:
            p = n.package()
            return [Record('~Stored Package %s. Stored Package Version = %d' % (p, rng.choice((1, 2, 32))),
                           Truth(fam='stored', cls='recovered', package=p))]
        if kind == 9:
            return [Record(rng.choice(('sleeping %d seconds.' % rng.choice((32, 60, 3600)), 'Retry in %d mins...' % rng.randrange(1, 60))),
                           Truth(fam='pause', cls='retry'))]
        if kind == 10:
            return [Record(rng.choice(('~Despooler failed to execute the instruction, error code = 38a',)),
                           Truth(fam='private-38a', cls='activity', win32='', tag=''))]
        return [Record(rng.choice(('~Sending completed successfully', '<JOB STATUS - COMPLETE>')),
                       Truth(fam='sent', cls='recovered'), 'SMS_LAN_SENDER')]

    def false_friend(self):
        rng = self.rng
        return rng.choice((
            '~Failure count is kept at %d for this server' % rng.choice((24, 32)), 'D:\\SMS\\sharing violation\\a.txt was read',
            'event code is: 0x%x' % rng.choice((1, 32)), '~Exit of a child: code is 0x20', 'Programs Manager Win32',
            '~Win32_NTLogEvent class was read', '~Job 32 has a disk of 112 megabytes', 'Package version 32 of 112 was found on disk',
            '~The queue has 32 instructions; 5 are new', '~Opening D:\\SMS\\error 32\\disk full\\readme.txt',
            '~Checked the drive: 32 MB used by the last run'))

    def good_run(self):
        rng, n, out = self.rng, self.names, []
        ins, pkg, server = n.instruction(), n.package(), n.server()
        t = Truth(fam='healthy', cls=OK)
        out.append(Record(rng.choice(('~Found ready instruction %s', 'found ready instruction file for %s')) % ins, t))
        out.append(Record('~Executing instruction of type MICROSOFT|SMS|MINIJOBINSTRUCTION|PACKAGE', t))
        for _ in range(rng.randrange(3)):
            f = n.file()
            out.append(Record('~Copying %s\\%s to \\\\%s\\SMSPKGE$\\%s\\%s, OK' % (n.folder(), f, server, pkg, f),
                              Truth(fam='copied', cls='recovered', package=pkg, server=server)))
        out.append(Record('~Despooler successfully executed one instruction.', Truth(fam='executed', cls='recovered')))
        return out

    # --- faults ------------------------------------------------------------------------------------
    def alarm(self, key, cls, cleared=None):
        self.host.alarms[key.upper()] = (cls, cleared)

    def copy_failed(self, code, cls, report=None, recover=False):
        """A copy to a server that failed; perhaps with an Event 109, perhaps mended later."""
        rng, n = self.rng, self.names
        pkg, server, f = n.package(), n.server(), n.file()
        share = rng.choice(('SMS_PKGE', 'SMSPKGE$', 'SMS_PKGD'))
        target = '\\\\%s\\%s\\%s\\%s' % (server, share, pkg, f)
        source = '%s\\%s' % (n.folder(), f)
        text = '~Copying %s to %s, Failed, Win32 Error = %d' % (source, target, code)
        truth = Truth(fam='copy-%d' % code, cls=cls, win32=str(code), tag='error-32-contention' if code == 32 else '',
                      package=pkg, server=server, claim='')
        block = [Record(text, truth)]
        final = cls
        if report:
            filled = report == 'filled'
            figures = {'blank': ['', ''], 'filled': ['12', '450'], 'enough': ['900', '450'], 'absent': [], 'words': ['Y', 'Z']}[report]
            verdict = 'disk-full' if filled else cls
            self.host.events.append((block[0], {
                'id': 109, 'inserts': ['\\\\%s\\%s\\%s' % (server, share, pkg)] + figures, 'lag': rng.randrange(-20, 40)},
                Truth(fam='109-%s+%d' % (report, code), cls=verdict, claim='disk-full', package=pkg, server=server,
                      win32='' if filled else str(code), tag='error-32-contention' if code == 32 and not filled else '',
                      misreported='true' if verdict != 'disk-full' else '', confidence='confirmed')))
            final = verdict
        if recover:
            block.append(Record('~Copying %s to %s, OK' % (source, target),
                                Truth(fam='copied', cls='recovered', package=pkg, server=server)))
        self.alarm('dist:%s:%s' % (server, pkg), final, 'cleared' if recover and not report else None)
        return block

    def coded(self):
        """Contention and other codes in every other spelling, about a file."""
        rng, n = self.rng, self.names
        code, cls = rng.choice(((32, 'file-contention'), (32, 'file-contention'), (32, 'file-contention'), (33, 'file-contention'),
                                (1224, 'file-contention'), (112, 'disk-full'), (39, 'disk-full'), (5, 'access-denied'),
                                (53, 'network'), (67, 'network'), (2, 'not-found'), (3, 'not-found'), (1326, 'access-denied')))
        path = '%s\\%s' % (n.folder(), n.file())
        text = rng.choice(('Cannot open the file %s', 'ERROR - Failed to move file %s to D:\\SMS\\bad\\a.sid Directory',
                           'WARNING - Delete file %s failed', 'Could not copy file from %s to E:\\SMS\\x.ofr', '~Unable to replace %s'))
        spelled = 'coded' if rng.random() < 0.7 else 'hresult'
        words = code_words(rng, code) if spelled == 'coded' else hresult_words(rng, code)
        return [Record(text % path + words, Truth(fam='%s-%d' % (spelled, code), cls=cls, win32=str(code),
                                                   tag='error-32-contention' if code == 32 else ''),
                       rng.choice(('SMS_DESPOOLER', 'SMS_DISTRIBUTION_MANAGER', 'SMS_INBOX_MANAGER', 'SMS_SOFTWARE_INVENTORY_PROCESSOR')))]

    def words_only(self):
        rng, n = self.rng, self.names
        path = 'X:\\SMS\\inboxes\\%s' % n.file()
        return [Record(*rng.choice((
            ('Failed to copy %s to X:\\CAP_SO1\\clicomp.box\\a.exe because of sharing violation.' % path, Truth(fam='words-contention', cls='file-contention', win32='')),
            ('Error 32: The process cannot access the file because it is being used by another process.', Truth(fam='words-32', cls='file-contention', win32='32')),
            ('There is not enough space on the disk.', Truth(fam='words-disk', cls='disk-full', win32='')),
            ('Error, trying to write beyond the end of the file.~', Truth(fam='words-disk', cls='disk-full', win32='')),
        )), 'SMS_LAN_SENDER')]

    def says_disk(self):
        """Reports that say disk and mean another thing, contention under other numbers,
        connections (reference 2.2, 2.4, 2.5)."""
        return [Record(*self.rng.choice((
            ('~Free disk space check failed (error 144), the server is not NT', Truth(fam='not-disk-144', cls='configuration', win32='144')),
            ('~Cannot create temp storage $:\\SMS.TMP, Win32 error = 3', Truth(fam='not-disk-temp', cls='configuration', win32='3')),
            ('Cannot write to output file, Win32 Error = 998', Truth(fam='not-disk-streams', cls='corrupt-data', win32='998')),
            ('Cannot write to output file, Win32 Error = 13', Truth(fam='not-disk-streams', cls='corrupt-data', win32='13')),
            ('Unable to determine best volume', Truth(fam='not-disk-volume', cls='configuration', win32='', tag='')),
            ('There is no NTFS drive on the server, the package is skipped', Truth(fam='skip-ntfs', cls='configuration', win32='', tag='')),
            ('Failed to deltree \\\\NW\\VOL1\\X, Win32 Error = 0', Truth(fam='deltree-0', cls='file-contention', win32='0', tag='')),
            ('Error: FAILED deleting backup folders, 145', Truth(fam='backup-145', cls='file-contention', win32='145', tag='')),
            ('Error during WNetAddConnection2 (67)', Truth(fam='connect-67', cls='network', win32='67', tag='')),
            ('Error during WNetAddConnection2 (1326)', Truth(fam='connect-1326', cls='access-denied', win32='1326', tag='')),
        )), 'SMS_DESPOOLER')]

    def private(self):
        code, cls = self.rng.choice((('c0000001', 'service'), ('20', 'service'), ('70', 'service'), ('12', 'retry'), ('cb', ('unclassified', 'service'))))
        return [Record('~Despooler failed to execute the instruction, error code = %s' % code,
                       Truth(fam='private-%s' % code, cls=cls, win32='', tag=''))]

    def report_alone(self):
        """An Event 109 that no log line explains, and its relatives."""
        rng, n = self.rng, self.names
        pkg, server = n.package(), n.server()
        path = '\\\\%s\\SMS_PKGE\\%s' % (server, pkg)
        inserts, t = rng.choice((
            ([path, '', ''], Truth(fam='109-blank', cls='file-contention', claim='disk-full', misreported='true', confidence='probable', win32='', tag='error-32-contention')),
            ([path, ' ', ' '], Truth(fam='109-blank', cls='file-contention', claim='disk-full', misreported='true', confidence='probable', win32='', tag='error-32-contention')),
            ([path, '12', '450'], Truth(fam='109-filled', cls='disk-full', claim='disk-full', misreported='', confidence='confirmed', win32='', tag='')),
            ([path, '900', '450'], Truth(fam='109-enough', cls='disk-full', claim='disk-full', confidence='unverified', win32='', tag='')),
            ([path, '0', '0'], Truth(fam='109-zero', cls='disk-full', claim='disk-full', confidence='unverified', win32='', tag='')),
            ([path], Truth(fam='109-absent', cls='disk-full', claim='disk-full', confidence='unverified', win32='', tag='')),
            ([path, 'Y', 'Y'], Truth(fam='109-unreadable', cls='disk-full', claim='disk-full', confidence='unverified', win32='', tag='')),
        ))
        t = Truth(t, package=pkg, server=server)
        anchor = Record('~Waiting for ready instruction file....', Truth(fam='healthy', cls=OK))
        self.host.events.append((anchor, {'id': 109, 'inserts': inserts, 'lag': 0}, t))
        self.alarm('dist:%s:%s' % (server, pkg), t['cls'])
        return [anchor]

    def foreign(self):
        """Event 109 of another program."""
        anchor = Record('~Waiting for ready instruction file....', Truth(fam='healthy', cls=OK))
        self.host.events.append((anchor, {'id': 109, 'from': self.rng.choice(('ESE97', 'Perflib', 'MSExchangeDS')), 'inserts': ['', '', ''], 'lag': 1},
                                 Truth(fam='109-foreign', cls='activity', claim='')))
        return [anchor]

    def stall(self, mended):
        n, rng = self.names, self.rng
        ins = n.instruction(rng.choice(('.ins', '.INS')))
        path = 'D:\\SMS\\SITE.SRV\\DESPOOLR.BOX\\RECEIVE\\%s' % ins
        found, ok = '~Found ready instruction %s' % ins, Truth(fam='healthy', cls=OK)
        block = [Record(found, ok),
                 Record('~failed to open %s WIN32 ERROR = 32' % path,
                        Truth(fam='stall-open', cls='file-contention', win32='32', tag='error-32-contention')),
                 Record('~Cannot decompress instruction file', Truth(fam='stall', cls='stall', win32='32', tag='error-32-contention'))]
        if mended:
            block += [Record(found, ok), Record('~Executing instruction of type MICROSOFT|SMS|MINIJOBINSTRUCTION|INVENTORY', ok),
                      Record('~Despooler successfully executed one instruction.', Truth(fam='executed', cls='recovered'))]
        self.alarm('stall:%s:%s' % (self.host.name, ins), 'stall', 'cleared' if mended else None)
        return block

    def emptied(self):
        """The old files of a package are gone, and the new ones are not there (Q184489)."""
        pkg, server, rng = self.names.package(), self.names.server(), self.rng
        share, own = rng.choice(('SMS_PKGE', 'SMSPKGE$')), rng.random() < 0.3
        where = 'E:\\SMS_PKGE\\%s' % pkg if own else '\\\\%s\\%s\\%s' % (server, share, pkg)
        server = self.host.name if own else server
        block = [Record('~The package %s %s %s %s.' % (rng.choice(('directory', 'folder', 'share')), where,
                                                       rng.choice(('is', 'was', 'has been')), rng.choice(('emptied', 'empty', 'now empty'))),
                        Truth(fam='emptied', cls='package-emptied', claim='', win32='', tag='', package=pkg))]
        if rng.random() < 0.3:
            block.append(Record('~Stored Package %s. Stored Package Version = 2' % pkg,
                                Truth(fam='stored', cls='recovered', package=pkg)))
        self.alarm('dist:%s:%s' % (server, pkg), 'package-emptied', 'cleared' if len(block) > 1 else None)
        return block

    def network_sequence(self):
        rng = self.rng
        site = '%03X' % rng.randrange(4096)
        # of one component: what came before on this host within half an hour explains it
        return [Record('Heartbeat is expired.', Truth(fam='heartbeat', cls='network'), 'SMS_LAN_SENDER'),
                Record('Cannot create/open the remote file \\\\SRV%s\\SMS_SITE\\2_4O7%s.PCK, Win32 error = 32.' % (site, site),
                       Truth(fam='heartbeat-32', cls='network', win32='32', tag='error-32-contention'), 'SMS_LAN_SENDER')]

    def space_events(self):
        """Reports of a full disk that are no Event 109, and the crash (reference 2.3, 3.4)."""
        share, server = self.rng.choice(('SMS_SHRD', 'SMS_PKGE')), self.names.server()
        text = 'There is not enough free disk space on share %s, server %s. Available %%s MBytes, requires %%s bytes.' % (share, server)
        full = Truth(cls='disk-full', claim='disk-full', misreported='', win32='', tag='')
        proved, claimed = Truth(full, server=server, confidence='confirmed'), Truth(full, server=server, confidence='unverified')
        number, inserts, text, t = self.rng.choice((
            (372, [share, server, '12', '47185921'], '', Truth(proved, fam='event-372-filled')),
            (372, [], text % ('12', '47,185,921'), Truth(proved, fam='event-372-text')),
            (372, [share, server, '500', '1048576'], '', Truth(claimed, fam='event-372-enough')),
            (372, [share, server, '', ''], '', Truth(claimed, fam='event-372-blank')),
            (393, ['12', '450'], '', Truth(full, fam='event-393')),
            (289, ['D:'], '', Truth(full, fam='event-289')),
            (290, ['D:'], '', Truth(full, fam='event-290')),
            (384, ['D:'], '', Truth(full, fam='event-384')),
            (196, [], '', Truth(full, fam='event-196')),
            (196, [], 'Delta: Could not write; disk full.', Truth(full, fam='event-196-text')),
            (376, [], '', Truth(fam='event-376', cls='service', claim='', tag='')),
            (272, [], '', Truth(fam='event-272', cls='recovered', claim='', tag='')),
        ))
        return self.event(number, inserts, text, t)

    def event(self, number, inserts, text, truth, alone=(), **more):
        """An event-log record while the log has nothing to say."""
        anchor = Record('~Waiting for ready instruction file....', Truth(fam='healthy', cls=OK))
        self.host.events.append((anchor, dict(more, id=number, inserts=inserts, text=text, lag=0, alone=alone), truth))
        return [anchor]

    def disk_events(self):
        """Events that say disk and mean another thing, as often as not (reference 2.4)."""
        rng, pkg, server = self.rng, self.names.package(), self.names.server()
        claim = Truth(claim='disk-full', tag='')
        kind = rng.randrange(4)
        if kind == 0:
            # a wrong password, where the record or a line within the minute shows it
            if rng.random() < 0.5:
                code = rng.choice((5, 86, 1326))
                return self.event(330, [], 'Insufficient disk space, Win32 Error = %d' % code, Truth(
                    claim, fam='event-330-code', cls='access-denied', misreported='true', win32=str(code), confidence='confirmed'))
            return self.event(330, [], rng.choice(('', 'Insufficient disk space.')), Truth(
                claim, fam='event-330-alone', cls='disk-full', misreported='', win32='', confidence='unverified'), alone=('5', '86', '1326'))
        if kind == 1:
            return self.event(223, [], 'Cannot create %sinboxes (Despooler, Package Source) on server %s' % (
                rng.choice(('', 'shared directories for ')), server), Truth(
                    claim, fam='event-223', cls='access-denied', misreported='true', win32='', server=server))
        if kind == 2:
            code, cls = rng.choice(((123, 'configuration'), (32, 'file-contention'), (112, 'disk-full'), (53, 'network'), (None, 'disk-full')))
            text = 'SMS Distribution Manager failed to copy package "%s" from "D:\\src\\%s" to "\\\\%s\\SMSPKGD$\\%s".%s' % (
                pkg, pkg, server, pkg, ' The operating system reported error %d: ...' % code if code else '')
            self.alarm('dist:%s:%s' % (server, pkg), cls)
            return self.event(2328, [], text + ' Solution: verify that there is enough free disk space for the distribution point.', Truth(
                claim, fam='event-2328-%s' % (code or 'alone'), cls=cls, misreported='' if cls == 'disk-full' else 'true', package=pkg,
                server=server, win32=str(code or ''), tag='error-32-contention' if code == 32 else ''), **{'from': 'SMS Server'})
        code, cls = rng.choice(((112, 'disk-full'), (1, 'configuration')))
        return self.event(4402, [], 'SMS Despooler failed to merge delta to the compressed package "%s". The operating system '
                          'reported error %d: ... Possible cause: The destination drive is full.' % (pkg, code), Truth(
                              claim, fam='event-4402-%d' % code, cls=cls, misreported='' if cls == 'disk-full' else 'true',
                              package=pkg, win32=str(code)), **{'from': 'SMS Server'})

    def other_numbers(self):
        """Contention under other numbers, and a code 0 that hides it (reference 2.1, 2.2)."""
        n = self.names
        return [Record(*self.rng.choice((
            ('Cannot move file D:\\SMS\\%s to D:\\SMS\\inboxes\\replmgr.box\\incoming\\a.rpt, Win32 Error = 5' % n.file(),
             Truth(fam='replmgr-5', cls='file-contention', win32='5', tag='', confidence='probable')),
            ('Error: FAILED deleting backup folders, 145', Truth(fam='backup-145', cls='file-contention', win32='145', tag='', confidence='probable')),
            ('The operating system reported error 32: The process cannot access the file because it is being used by another process.'
             ' The file is assumed to be corrupt and was deleted.',
             Truth(fam='corrupt-32', cls='file-contention', claim='corrupt-data', misreported='true', win32='32', tag='error-32-contention')),
        )), 'SMS_INBOX_MANAGER')]

    def restart(self):
        return [Record(self.rng.choice(('SMS_OFFER_STATUS_SUMMARIZER stopping. The exit code is 0xfffffffe', 'SMS_OFFER_STATUS_SUMMARIZER stopped')),
                       Truth(fam='restart', cls='restart'), 'SMS_OFFER_STATUS_SUMMARIZER')]

    def database(self):
        return [Record(self.rng.choice((
            'Error: Could not get a SQL connection from the connection cache. Will try again in 60 seconds. : The handle is invalid.~~',
            'Your server command (process id %d) was deadlocked with another process and has been chosen as deadlock victim. Re-run your command~~' % self.rng.randrange(9, 99))),
            Truth(fam='database', cls='database', win32=''), 'SMS_SITE_SYSTEM_STATUS_SUMMARIZER')]

    def retry(self):
        return [Record('~ Sending failed. Failure count = %d, Restart time = 14/06/2018 06:56:25 GMT Daylight Time' % self.rng.choice((24, 32)),
                       Truth(fam='retry', cls='retry', win32=''), 'SMS_PACKAGE_TRANSFER_MANAGER')]

    def fault(self):
        rng = self.rng
        kind = rng.randrange(100)
        if kind < 12:
            return self.copy_failed(32, 'file-contention', recover=rng.random() < 0.4)
        if kind < 24:
            return self.copy_failed(32, 'file-contention', rng.choice(('blank', 'blank', 'filled', 'enough', 'absent', 'words')))
        if kind < 32:
            code, cls = rng.choice(((112, 'disk-full'), (39, 'disk-full'), (5, 'access-denied'), (53, 'network'), (33, 'file-contention'), (2, 'not-found')))
            return self.copy_failed(code, cls, rng.choice((None, 'blank')))
        if kind < 52:
            return self.coded()
        if kind < 58:
            return self.words_only()
        if kind < 62:
            return self.says_disk()
        if kind < 67:
            return self.private()
        if kind < 78:
            return self.report_alone()
        if kind < 80:
            return self.foreign()
        if kind < 87:
            return self.stall(rng.random() < 0.5)
        if kind < 88:
            return self.emptied() if rng.random() < 0.7 else self.disk_events()
        if kind < 89:
            return self.other_numbers()
        if kind < 91:
            return self.network_sequence() if self.host.form != '1.x' else self.retry()
        if kind < 92:
            return self.restart()
        if kind < 94:
            return self.space_events() if rng.random() < 0.5 else self.disk_events()
        if kind < 97:
            return self.database()
        return self.retry()
