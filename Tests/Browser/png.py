"""PNG in as little as the tests need: 8 bit grey, RGB and RGBA, not interlaced. On zlib alone, so nothing has to be installed."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 6: 4}
COLOURS = {1: 0, 3: 2}


class PNGError(ValueError):
    """Bytes that are no PNG of the kind read here; says which rule they break."""


def encode(pixels, width, height, channels):
    """Pixels, row-major, `channels` (1 or 3) bytes each, as a PNG file."""
    stride = width * channels
    if len(pixels) != stride * height:
        raise PNGError(f"{len(pixels)} bytes are not {width}×{height}×{channels}")
    rows = b"".join(b"\0" + pixels[top : top + stride] for top in range(0, len(pixels), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 6)) + _chunk(b"IEND", b"")


def decode(data):
    """(pixels, width, height, channels) of a PNG file; every checksum is verified."""
    if data[:8] != SIGNATURE:
        raise PNGError(f"begins with {data[:8]!r}, not with PNG's signature")
    header, compressed = None, b""
    for kind, body in _chunks(data):
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            compressed += body
    if header is None or header[2] != 8 or header[3] not in CHANNELS or header[6] != 0:
        raise PNGError(f"its header is {header}: only 8 bit grey, RGB and RGBA without interlace are read")
    width, height, channels = header[0], header[1], CHANNELS[header[3]]
    return _unfilter(zlib.decompress(compressed), width, height, channels), width, height, channels


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(data):
    at = len(SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(kind + body) != checksum:
            raise PNGError(f"the checksum of {kind!r} at byte {at} is wrong")
        yield kind, body
        at += length + 12


def _unfilter(raw, width, height, channels):
    stride = width * channels
    if len(raw) != (stride + 1) * height:
        raise PNGError(f"holds {len(raw)} bytes of rows, not {(stride + 1) * height}")
    result, above = bytearray(), bytes(stride)
    for top in range(0, len(raw), stride + 1):
        row = bytearray(raw[top + 1 : top + 1 + stride])
        _FILTERS[raw[top]](row, above, channels)
        result += row
        above = row
    return bytes(result)


def _sub(row, _, step):
    for i in range(step, len(row)):
        row[i] = (row[i] + row[i - step]) & 255


def _up(row, above, _):
    for i in range(len(row)):
        row[i] = (row[i] + above[i]) & 255


def _average(row, above, step):
    for i in range(len(row)):
        left = row[i - step] if i >= step else 0
        row[i] = (row[i] + (left + above[i]) // 2) & 255


def _paeth(row, above, step):
    for i in range(len(row)):
        left, corner = (row[i - step], above[i - step]) if i >= step else (0, 0)
        row[i] = (row[i] + _nearest(left, above[i], corner)) & 255


def _nearest(left, up, corner):
    """The neighbour closest to left + up − corner; ties go left, then up (PNG specification, 9.4)."""
    to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


_FILTERS = {0: lambda row, above, step: None, 1: _sub, 2: _up, 3: _average, 4: _paeth}
