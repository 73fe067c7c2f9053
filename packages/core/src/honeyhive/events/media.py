"""Bytes and media by what identifies them: a hash, a type and a size, never the content."""

import base64
import binascii
import hashlib
from typing import Final

# A whole hash of this much costs about 10 ms; what is longer is hashed at both ends.
_HASHED_WHOLE: Final = 16 * 1024 * 1024
_HASHED_END: Final = 1024 * 1024

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"(\xb5/\xfd", "application/zstd"),
)
_CONTAINERS: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_DATA: Final = "data:"
_BASE64: Final = ";base64"
_MAX_HEADER: Final = 256


def describe_bytes(data: bytes | bytearray | memoryview) -> dict[str, object]:
    """*data* as ``{type, size, sha256, mime_type}``; the type of media only where its first bytes tell.

    ``size`` is in bytes. Of more than 16 MiB the first and the last MiB are hashed, as ``sha256_of_ends``.
    """
    described: dict[str, object] = {"type": "bytes"}
    try:
        view = memoryview(data).cast("B")
    except (ValueError, TypeError):  # released, or not contiguous
        return described
    described["size"] = view.nbytes
    if view.nbytes > _HASHED_WHOLE:
        ends = hashlib.sha256(view[:_HASHED_END])
        ends.update(view[-_HASHED_END:])
        described["sha256_of_ends"] = ends.hexdigest()
    else:
        described["sha256"] = hashlib.sha256(view).hexdigest()
    kind = mime_type(bytes(view[:16]))
    if kind is not None:
        described["mime_type"] = kind
    return described


def mime_type(head: bytes) -> str | None:
    """The type of media that begins with *head* (16 bytes are enough); None when they do not tell."""
    if head[:4] == b"RIFF":
        return _CONTAINERS.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:12] in (b"heic", b"mif1") else "video/mp4"
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)


def describe_base64(text: str, kind: str | None = None) -> dict[str, object] | None:
    """The media in *text*, base64 or a data URL, as `describe_bytes` has it; None when it is neither.

    *kind* is its MIME type by what stands beside it, which goes before a guess by its first bytes.
    """
    if text.startswith(_DATA):
        header, comma, text = text.partition(",")
        if not comma or not header.endswith(_BASE64) or len(header) > _MAX_HEADER:
            return None
        kind = header[len(_DATA) : -len(_BASE64)].partition(";")[0] or kind
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    described = describe_bytes(data)
    return {**described, "mime_type": kind} if kind else described
