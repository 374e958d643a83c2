import unittest

import oracle


@unittest.skipIf(not oracle.available(), "skipped: no ../shared")
class OracleTests(unittest.TestCase):
    """The comparison itself: it must fail when an image is wrong, or the end-to-end test proves nothing."""

    def setUp(self):
        self.right = oracle.smoothed_image("SKL-USD", 64, "sell")

    def difference(self, pixels, kind="sell", size=64):
        return oracle.difference("SKL-USD", size, kind, bytes(pixels), size, size, 3)

    def test_takes_the_reference_and_a_tenth_of_a_percent_one_level_away(self):
        self.assertEqual(self.difference(self.right), "")
        allowed = int(len(self.right) * oracle.TOLERANCE)
        self.assertEqual(self.difference(self.moved(allowed, 1)), "")
        self.assertIn(f"{allowed + 1} of", self.difference(self.moved(allowed + 1, 1)))

    def test_refuses_one_pixel_two_levels_away(self):
        self.assertIn("by up to 2", self.difference(self.moved(1, 2)))

    def test_allows_no_other_kind_a_single_level(self):
        self.assertIn("differ", self.difference(self.right, kind="orderbook"))

    def test_refuses_another_size_or_order(self):
        self.assertIn("shape", oracle.difference("SKL-USD", 64, "sell", self.right, 32, 64, 3))
        self.assertNotEqual(self.difference(self.right[::-1]), "")

    def moved(self, number, levels):
        pixels = bytearray(self.right)
        for i in range(number):
            pixels[i] = pixels[i] + levels if pixels[i] < 128 else pixels[i] - levels
        return pixels


if __name__ == "__main__":
    unittest.main()
