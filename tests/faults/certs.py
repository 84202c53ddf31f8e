# SPDX-License-Identifier: BSD-2-Clause
"""Certificates for tests, made by the openssl program: authorities, and what they sign
for any name and any time."""
import os
import subprocess

CONFIG = """[ca]
default_ca = own
[own]
database = {0}/index
new_certs_dir = {0}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:true
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:false
subjectAltName = $ENV::SAN
"""


class Authority:
    """Signs below 'folder', which is made."""

    def __init__(self, folder, name="Test CA"):
        self.folder = folder
        os.mkdir(folder)
        open(folder + "/index", "w").close()
        with open(folder + "/config", "w") as f:
            f.write(CONFIG.format(folder))
        self.certificate = folder + "/ca.pem"
        self._openssl("req", "-x509", *self._key("ca"), "-subj", "/CN=" + name, "-days", "30", "-extensions",
                      "root", "-config", self.folder + "/config", "-out", self.certificate)

    def _openssl(self, *words, san=""):
        done = subprocess.run(["openssl", *words], env=dict(os.environ, SAN=san or "DNS:unused"), capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("openssl %s: %s" % (words[0], done.stderr))

    def _key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "%s/%s.key" % (self.folder, name)]

    def sign(self, name, san, start=None, end=None):
        """(certificate file, key file); times are YYYYMMDDHHMMSSZ."""
        base = "%s/%s" % (self.folder, name)
        self._openssl("req", "-new", *self._key(name), "-subj", "/CN=" + san.split(",")[0].split(":", 1)[1], "-config",
                      self.folder + "/config", "-out", base + ".csr", san=san)
        times = (["-startdate", start] if start else []) + (["-enddate", end] if end else ["-days", "20"])
        self._openssl("ca", "-batch", "-notext", "-config", self.folder + "/config", "-extensions", "leaf", "-cert",
                      self.certificate, "-keyfile", self.folder + "/ca.key", "-in", base + ".csr", "-out", base + ".pem",
                      *times, san=san)
        os.chmod(base + ".key", 0o600)
        return base + ".pem", base + ".key"
