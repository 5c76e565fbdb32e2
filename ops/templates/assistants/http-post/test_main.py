"""Try the assistant without a sandbox: python3 -m unittest discover -s bundle-folder"""

import json
import unittest
from pathlib import Path

from main import LONGEST_TEXT, answer

REQUEST = json.loads(Path(__file__).with_name("request.json").read_text(encoding="utf-8"))


class TestAnswer(unittest.TestCase):
    def test_the_sample_becomes_a_message(self) -> None:
        message = answer(REQUEST)
        self.assertEqual(message["title"], "Order 4711 is late")
        self.assertIn({"name": "order", "value": "4711"}, message["fields"])

    def test_a_long_text_is_cut(self) -> None:
        self.assertEqual(len(answer({"text": "a" * 9999})["text"]), LONGEST_TEXT)


if __name__ == "__main__":
    unittest.main()
