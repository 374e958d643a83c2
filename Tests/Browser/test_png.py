import struct
import unittest
import zlib

import png


class PNGTests(unittest.TestCase):
    """The tests' own PNG reader, since image comparisons rest on it."""

    def test_reads_what_it_wrote(self):
        for channels in (1, 3):
            pixels = bytes(range(5 * 4 * channels))
            self.assertEqual(png.decode(png.encode(pixels, 5, 4, channels)), (pixels, 5, 4, channels))

    def test_undoes_each_filter_of_the_specification(self):
        # Rows 10 20 30 / 11 22 33, worked out by hand for each filter of the second row (PNG specification, 9.2).
        second_rows = {0: (11, 22, 33), 1: (11, 11, 11), 2: (1, 2, 3), 3: (6, 7, 7), 4: (1, 2, 3)}
        for kind, row in second_rows.items():
            with self.subTest(filter=kind):
                pixels, *_ = png.decode(_file(bytes([0, 10, 20, 30, kind, *row]), 3, 2))
                self.assertEqual(list(pixels), [10, 20, 30, 11, 22, 33])

    def test_refuses_a_wrong_checksum_and_another_signature(self):
        good = png.encode(bytes(4), 2, 2, 1)
        with self.assertRaisesRegex(png.PNGError, "checksum"):
            png.decode(good[:30] + bytes([good[30] ^ 1]) + good[31:])
        with self.assertRaisesRegex(png.PNGError, "signature"):
            png.decode(b"GIF89a" + good)


def _file(raw, width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return png.SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    unittest.main()
