"""A small Sigstore: a certificate authority, a log of certificates and a log of signatures, for cosign without a network.

Nothing runs: cosign verifies what was attached to an image by the root and the two logs' keys, which it is told as files.
"""
import base64
import datetime
import hashlib
import json
import struct
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from .parts import rig
from .processes import run

# Fulcio's extensions say who vouches for the identity: as bytes, and since version 2 as a string.
ISSUER, ISSUER_V2 = ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
# RFC 6962, section 3.3: the timestamps of logs in a certificate.
TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
SHA256_WITH_ECDSA = b"\x04\x03"
OCTET_STRING, UTF8_STRING = 0x04, 0x0C
CERTIFICATE_S = 600  # as Fulcio's


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def sign_with(key, content):
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def public(key, encoding):
    return key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def log_id(key):
    return hashlib.sha256(public(key, serialization.Encoding.DER))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def base64_text(content):
    return base64.b64encode(content).decode()


def der(tag, content):
    length = len(content)
    head = bytes([tag, length]) if length < 128 else bytes([tag, 0x82]) + struct.pack(">H", length)
    return head + content


def counted(content):
    return struct.pack(">H", len(content)) + content


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Sigstore:
    def __init__(self, house, name="sigstore"):
        self.house, self.name = house, name
        self.root_key, self.certificate_log, self.signature_log = new_key(), new_key(), new_key()
        self.root = self._make_root()

    def environment(self):
        """What points cosign here."""
        def write(file, content):
            return self.house.write(f"{self.name}/{file}", content.decode())
        text = serialization.Encoding.PEM
        return {"SIGSTORE_ROOT_FILE": write("root.pem", pem(self.root)),
                "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": write("ctfe.pub", public(self.certificate_log, text)),
                "SIGSTORE_REKOR_PUBLIC_KEY": write("rekor.pub", public(self.signature_log, text))}

    # ---- certificates ----

    def _builder(self, subject, key, seconds):
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(name_of(self.name)).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(seconds=60))
                .not_valid_after(now + datetime.timedelta(seconds=seconds)))

    def _make_root(self):
        builder = self._builder(name_of(self.name), self.root_key, 86400)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.sign(self.root_key, hashes.SHA256())

    def certify(self, key, identity, issuer, certificate_log=None):
        """For an identity, a URI or a mail address, that an issuer vouches for; with the promise of the log of certificates."""
        name = x509.UniformResourceIdentifier(identity) if "://" in identity else x509.RFC822Name(identity)
        builder = self._builder(x509.Name([]), key, CERTIFICATE_S)
        for extension, is_critical in [
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
                (x509.SubjectAlternativeName([name]), True),
                (x509.UnrecognizedExtension(ISSUER, issuer.encode()), False),
                (x509.UnrecognizedExtension(ISSUER_V2, der(UTF8_STRING, issuer.encode())), False)]:
            builder = builder.add_extension(extension, is_critical)
        before = builder.sign(self.root_key, hashes.SHA256()).tbs_certificate_bytes
        promise = self._promise(before, certificate_log or self.certificate_log)
        listed = x509.UnrecognizedExtension(TIMESTAMPS, der(OCTET_STRING, counted(counted(promise))))
        return builder.add_extension(listed, False).sign(self.root_key, hashes.SHA256())

    def _promise(self, certificate, key):
        """RFC 6962, section 3.2: version 1, the log, when, no extensions, and the signature of that and the certificate
        as it is without the promise."""
        when = struct.pack(">Q", int(time.time() * 1000))
        issuer = hashlib.sha256(public(self.root_key, serialization.Encoding.DER)).digest()
        entry = b"\x00\x01" + issuer + struct.pack(">I", len(certificate))[1:] + certificate
        signature = sign_with(key, b"\x00\x00" + when + entry + counted(b""))
        return b"\x00" + log_id(key).digest() + when + counted(b"") + SHA256_WITH_ECDSA + counted(signature)

    # ---- signatures ----

    def _log(self, payload, signature, certificate, when_s):
        """An entry of the log of signatures, as cosign keeps it beside the signature."""
        body = {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}},
            "signature": {"content": base64_text(signature), "publicKey": {"content": base64_text(pem(certificate))}}}}
        entry = {"body": base64_text(json.dumps(body).encode()), "integratedTime": when_s, "logIndex": 1,
                 "logID": log_id(self.signature_log).hexdigest()}
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        return {"SignedEntryTimestamp": base64_text(sign_with(self.signature_log, canonical)), "Payload": entry}

    def sign(self, image, identity, issuer, *, claims=None, certificate_log=None, logged_after_s=0, tamper=None):
        """Attach a signature to an image, HOST/NAME@DIGEST.  The rest goes wrong: it claims another digest, its
        certificate is promised by a stranger's log, it was logged late (None: never), or its entry was tampered with."""
        key = new_key()
        certificate = self.certify(key, identity, issuer, certificate_log)
        repository, digest = image.split("@")
        payload = json.dumps({"critical": {
            "identity": {"docker-reference": repository}, "image": {"docker-manifest-digest": claims or digest},
            "type": "cosign container image signature"}, "optional": None}).encode()
        signature = sign_with(key, payload)
        attached = {"payload": payload.decode(), "signature": base64_text(signature),
                    "certificate": pem(certificate).decode(), "certificate-chain": pem(self.root).decode()}
        if logged_after_s is not None:
            bundle = self._log(payload, signature, certificate, int(time.time()) + logged_after_s)
            if tamper:
                tamper(bundle)
            attached["rekor-response"] = json.dumps({"rekorBundle": bundle})
        self._attach(image, attached)

    def _attach(self, image, attached):
        flags = [f"--{flag}={self.house.write(f'{self.name}/{flag}', text)}" for flag, text in attached.items()]
        run([rig("cosign"), "attach", "signature", "--allow-http-registry", *flags, image])
