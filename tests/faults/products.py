# SPDX-License-Identifier: BSD-2-Clause
"""Forwarders to compare: how each is started in a folder of its own, its configuration
with names in it that are replaced.  Used by bench/peers.py and faults/transports.py.
"""
import glob
import os
import shutil
import subprocess

from daemon import TRUECAUSE, start

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
NG_PACKAGES = "syslog-ng-core libivykis0 libnet1 libjson-c5 libwrap0 libpcre3 libglib2.0-0".split()


class Product:
    """'command' and 'config' have @NAME@ for what each run sets, @DIR@ its folder among them."""

    def __init__(self, name, command, config, env=None, lines=False):
        self.name, self.command, self.config, self.lines = name, command, config, lines
        self.env = dict(os.environ, **(env or {}))

    def write(self, folder, **names):
        text = self.config.replace("@DIR@", folder)
        for name, value in names.items():
            text = text.replace("@%s@" % name, str(value))
        with open(folder + "/conf", "w") as f:
            f.write(text)

    def start(self, folder):
        with open(folder + "/out", "ab") as out:
            return start([arg.replace("@DIR@", folder) for arg in self.command], env=self.env, stdout=out, stderr=out,
                         stdin=subprocess.DEVNULL)


def truecause(config, name="truecause"):
    return Product(name, [TRUECAUSE, "forward", "-c", "@DIR@/conf"], config.lstrip())


def built(transport, folder):
    """RELP is an option of configure."""
    name = folder + "/tried.xml"
    with open(name, "w") as f:
        f.write('<truecause xmlns="urn:truecause:config:1" state="%s/state">\n'
                '<target name="siem" type="syslog" address="%s:127.0.0.1:9"/></truecause>\n' % (folder, transport))
    return subprocess.run([TRUECAUSE, "check", "-c", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def rsyslogd():
    """The command, or None."""
    program = shutil.which("rsyslogd", path=PATH)
    return [program, "-n", "-f", "@DIR@/conf", "-i", "@DIR@/pid"] if program else None


def syslog_ng(folder, download):
    """(command, environment), or None.  rsyslog and syslog-ng exclude each other as Debian
    packages: with 'download' it is unpacked below 'folder'.  The environment variable
    SYSLOG_NG_ROOT names where somebody has done so before."""
    program, env, extra = shutil.which("syslog-ng", path=PATH), {}, []
    root = os.environ.get("SYSLOG_NG_ROOT")
    if not program and not root and download and shutil.which("apt-get"):
        root = folder + "/syslog-ng"
        os.mkdir(root)
        done = subprocess.run(["apt-get", "download", *NG_PACKAGES], cwd=root, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        for deb in glob.glob(root + "/*.deb") if done.returncode == 0 else []:
            subprocess.run(["dpkg", "-x", deb, root], check=True)
    if not program and root:
        program = shutil.which("syslog-ng", path=root + "/usr/sbin")
        modules = glob.glob(root + "/usr/lib/*/syslog-ng/*/") + glob.glob(root + "/usr/lib/syslog-ng/*/")
        libs = glob.glob(root + "/usr/lib/*/") + glob.glob(root + "/lib/*/") + glob.glob(root + "/usr/lib/*/syslog-ng/")
        env["LD_LIBRARY_PATH"] = ":".join(libs + modules)
        extra = ["--module-path", ":".join(modules)]
    if not program:
        return None
    tried = subprocess.run([program, *extra, "--version"], env=dict(os.environ, **env), capture_output=True, text=True)
    if tried.returncode != 0:
        print("syslog-ng does not run and is left out: " + tried.stderr.strip()[:300])
        return None
    return [program, "-F", "--no-caps", "-f", "@DIR@/conf", "-R", "@DIR@/persist", "-p", "@DIR@/pid", "-c", "@DIR@/ctl",
            *extra], env
