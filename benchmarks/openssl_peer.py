"""OpenSSL as peer, inside this process: the library's own functions, so that starting a program is nobody's cost.

What ``openssl cms -verify -cades``, ``openssl verify -crl_check_all`` and ``openssl ts -verify`` do between reading their files and
printing their answer: the same functions of libcrypto with the same settings, called by ctypes (a call takes half a microsecond). A store
with the root and the lists it needs is made once and reused; what is judged is parsed from its bytes each time, as ours is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import CDLL, byref, c_char_p, c_int, c_long, c_size_t, c_ubyte, c_uint, c_ulong, c_void_p, cast, create_string_buffer, memmove
from ctypes.util import find_library
from datetime import datetime
from functools import cache
from itertools import cycle
from typing import Any

NAME = "OpenSSL"
_FOUND = find_library("crypto")
ABSENT = "" if _FOUND else "libcrypto is not on this machine's search path"

PATH_CHECKS = (
    "X509_verify_cert: names and key identifiers, validity, basic constraints, path length, unknown critical extensions",
    "signature of every certificate below the root, anew each time",
    "lists of both authorities (X509_V_FLAG_CRL_CHECK_ALL), parsed once: scope, times, and their signatures, verified anew each time",
)
CMS_CHECKS = (
    "d2i_CMS_ContentInfo, CMS_verify with CMS_CADES: content-type and message-digest attributes, ESS signing certificate against the chain",
    "signature",
    *PATH_CHECKS,
)
TS_CHECKS = (
    "d2i_PKCS7, TS_RESP_verify_token: version, message imprint, one signer, ESS signing certificate against the chain",
    "signature",
    "the unit's key is for time-stamping alone (X509_PURPOSE_TIMESTAMP_SIGN)",
    *PATH_CHECKS,
)
_CMS_DETACHED, _CMS_BINARY, _CMS_CADES = 0x40, 0x80, 0x100000
_CRL_CHECK, _CRL_CHECK_ALL = 0x4, 0x8
_PURPOSE_ANY = 7
_TS_VERSION, _TS_SIGNATURE, _TS_IMPRINT = 1 << 1, 1 << 0, 1 << 3
_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "OpenSSL_version": (c_char_p, c_int),
    "ERR_get_error": (c_ulong,),
    "ERR_error_string_n": (None, c_ulong, c_char_p, c_size_t),
    "CRYPTO_malloc": (c_void_p, c_size_t, c_char_p, c_int),
    "BIO_new_mem_buf": (c_void_p, c_char_p, c_int),
    "BIO_free": (c_int, c_void_p),
    "d2i_X509": (c_void_p, c_void_p, c_void_p, c_long),
    "X509_free": (None, c_void_p),
    "d2i_X509_CRL": (c_void_p, c_void_p, c_void_p, c_long),
    "d2i_CMS_ContentInfo": (c_void_p, c_void_p, c_void_p, c_long),
    "CMS_ContentInfo_free": (None, c_void_p),
    "CMS_verify": (c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_uint),
    "d2i_PKCS7": (c_void_p, c_void_p, c_void_p, c_long),
    "PKCS7_free": (None, c_void_p),
    "OPENSSL_sk_new_null": (c_void_p,),
    "OPENSSL_sk_push": (c_int, c_void_p, c_void_p),
    "X509_STORE_new": (c_void_p,),
    "X509_STORE_up_ref": (c_int, c_void_p),
    "X509_STORE_add_cert": (c_int, c_void_p, c_void_p),
    "X509_STORE_add_crl": (c_int, c_void_p, c_void_p),
    "X509_STORE_get0_param": (c_void_p, c_void_p),
    "X509_VERIFY_PARAM_set_flags": (c_int, c_void_p, c_ulong),
    "X509_VERIFY_PARAM_set_purpose": (c_int, c_void_p, c_int),
    "X509_VERIFY_PARAM_set_time": (None, c_void_p, c_long),
    "X509_STORE_CTX_new": (c_void_p,),
    "X509_STORE_CTX_init": (c_int, c_void_p, c_void_p, c_void_p, c_void_p),
    "X509_STORE_CTX_cleanup": (None, c_void_p),
    "X509_STORE_CTX_get_error": (c_int, c_void_p),
    "X509_verify_cert": (c_int, c_void_p),
    "X509_verify_cert_error_string": (c_char_p, c_long),
    "TS_VERIFY_CTX_new": (c_void_p,),
    "TS_VERIFY_CTX_set_flags": (c_int, c_void_p, c_int),
    "TS_VERIFY_CTX_set_store": (c_void_p, c_void_p, c_void_p),
    "TS_VERIFY_CTX_set_imprint": (c_void_p, c_void_p, c_void_p, c_long),
    "TS_RESP_verify_token": (c_int, c_void_p, c_void_p),
}  # fmt: skip


class Refused(Exception):
    """OpenSSL did not accept what is to be measured."""


@cache
def _library() -> CDLL:
    library = CDLL(_FOUND)
    for name, (result, *arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def version() -> str:
    """Of the library that is called."""
    return str(_library().OpenSSL_version(0).decode())


def _read(name: str, data: bytes) -> int:
    """An object from its DER; it is the caller's to free."""
    place = c_void_p(cast(c_char_p(data), c_void_p).value)
    found = getattr(_library(), name)(None, byref(place), len(data))
    if not found:
        raise Refused(f"{name}: {_error()}")
    return int(found)


def _error() -> str:
    """The last thing that went wrong; the queue is empty then."""
    library, text, code = _library(), create_string_buffer(256), 0
    while following := library.ERR_get_error():
        code = following
    library.ERR_error_string_n(code, text, len(text))
    return text.value.decode()


def _store(anchors: Sequence[bytes], crls: Sequence[bytes], at: datetime, purpose: int = 0) -> int:
    """Trust as ``-CAfile … -CRLfile … -crl_check_all -attime …`` makes it; kept for the rest of the process."""
    library = _library()
    store = library.X509_STORE_new()
    for data in anchors:
        library.X509_STORE_add_cert(store, _read("d2i_X509", data))
    for data in crls:
        library.X509_STORE_add_crl(store, _read("d2i_X509_CRL", data))
    settings = library.X509_STORE_get0_param(store)
    library.X509_VERIFY_PARAM_set_flags(settings, _CRL_CHECK | _CRL_CHECK_ALL)
    library.X509_VERIFY_PARAM_set_time(settings, int(at.timestamp()))
    if purpose:
        library.X509_VERIFY_PARAM_set_purpose(settings, purpose)
    return int(store)


def verify_cms(data: bytes, content: bytes, anchors: Sequence[bytes], crls: Sequence[bytes], at: datetime) -> Callable[[int], None]:
    """A batch that parses a detached CMS and verifies it over ``content``."""
    library, store = _library(), _store(anchors, crls, at, _PURPOSE_ANY)
    flags = _CMS_DETACHED | _CMS_BINARY | _CMS_CADES

    def batch(count: int) -> None:
        for _ in range(count):
            message = _read("d2i_CMS_ContentInfo", data)
            source = library.BIO_new_mem_buf(content, len(content))
            good = library.CMS_verify(message, None, store, source, None, flags)
            library.BIO_free(source)
            library.CMS_ContentInfo_free(message)
            if good != 1:
                raise Refused(f"CMS_verify: {_error()}")

    return batch


def verify_paths(
    signers: Sequence[bytes], authorities: Sequence[bytes], anchors: Sequence[bytes], crls: Sequence[bytes], at: datetime
) -> Callable[[int], None]:
    """A batch over signers' certificates in turn, each parsed, its path found among the authorities and verified with every list."""
    library, store, turn = _library(), _store(anchors, crls, at), cycle(signers)
    known, context = library.OPENSSL_sk_new_null(), library.X509_STORE_CTX_new()
    for one in authorities:
        library.OPENSSL_sk_push(known, _read("d2i_X509", one))

    def batch(count: int) -> None:
        for _ in range(count):
            certificate = _read("d2i_X509", next(turn))
            library.X509_STORE_CTX_init(context, store, certificate, known)
            good = library.X509_verify_cert(context)
            if good != 1:
                raise Refused(library.X509_verify_cert_error_string(library.X509_STORE_CTX_get_error(context)).decode())
            library.X509_STORE_CTX_cleanup(context)
            library.X509_free(certificate)

    return batch


def verify_token(
    token: bytes, content_sha256: bytes, anchors: Sequence[bytes], crls: Sequence[bytes], at: datetime
) -> Callable[[int], None]:
    """A batch that parses a time-stamp token and verifies it over content of that digest."""
    library, store, context = _library(), _store(anchors, crls, at), _library().TS_VERIFY_CTX_new()
    imprint = library.CRYPTO_malloc(len(content_sha256), b"", 0)  # the context frees what it is given
    memmove(imprint, (c_ubyte * len(content_sha256)).from_buffer_copy(content_sha256), len(content_sha256))
    library.TS_VERIFY_CTX_set_flags(context, _TS_VERSION | _TS_SIGNATURE | _TS_IMPRINT)
    library.TS_VERIFY_CTX_set_store(context, store)
    library.TS_VERIFY_CTX_set_imprint(context, imprint, len(content_sha256))

    def batch(count: int) -> None:
        for _ in range(count):
            message = _read("d2i_PKCS7", token)
            good = library.TS_RESP_verify_token(context, message)
            library.PKCS7_free(message)
            if good != 1:
                raise Refused(f"TS_RESP_verify_token: {_error()}")

    return batch
