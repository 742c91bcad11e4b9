"""django-pyas2 as a service: its settings, its partners and certificates, its WSGI application. Runs in the peer's environment.

    PEER/bin/python as2_service.py            sets it up: schema, keys, an organisation and a partner, through its own models
    PEER/bin/gunicorn as2_service:application serves it

``PEER_HOME`` is a folder for its files and for the two keys the sender needs, ``PEER_DATABASE`` the address of its PostgreSQL.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import as2_parties  # beside this file; patches what the peer cannot import without
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

HOME = Path(os.environ["PEER_HOME"])
_DATABASE = urlsplit(os.environ["PEER_DATABASE"])

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="for a benchmark on this machine only",  # noqa: S106
    ROOT_URLCONF="as2_urls",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "pyas2"],
    MIDDLEWARE=[],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _DATABASE.path.lstrip("/"),
            "USER": _DATABASE.username,
            "HOST": _DATABASE.hostname,
            "PORT": _DATABASE.port,
            "CONN_MAX_AGE": None,  # connections are kept: Django's default opens one for every request
        }
    },
    MEDIA_ROOT=str(HOME),  # with its own DATA_DIR set, the peer names files in a way that Django of today refuses
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
application = get_wsgi_application()


def set_up():
    """An organisation that receives, and a partner that sends; the sender's key and the receiver's certificate go into the folder."""
    from django.core.management import call_command
    from pyas2.models import Organization, Partner, PrivateKey, PublicCertificate

    django.setup()
    call_command("migrate", verbosity=0)
    receiver, receiver_public = as2_parties.pem("receiver")
    sender, sender_public = as2_parties.pem("sender")
    (HOME / "sender.pem").write_bytes(sender)
    (HOME / "receiver.pem").write_bytes(receiver_public)
    key = PrivateKey.objects.create(name="receiver", key=receiver, key_pass=as2_parties.PASS)
    certificate = PublicCertificate.objects.create(name="sender", certificate=sender_public, verify_cert=False)
    Organization.objects.create(name="receiver", as2_name="receiver", signature_key=key)
    Partner.objects.create(
        name="sender", as2_name="sender", target_url="http://127.0.0.1:1/", signature="sha256", signature_cert=certificate, mdn=True,
        mdn_mode="SYNC", mdn_sign="sha256",
    )  # fmt: skip


if __name__ == "__main__":
    set_up()
