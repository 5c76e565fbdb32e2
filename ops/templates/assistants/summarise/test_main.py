"""Try the assistant without a sandbox: python3 -m unittest discover -s bundle-folder"""

import json
import unittest
from pathlib import Path

from main import answer

REQUEST = json.loads(Path(__file__).with_name("request.json").read_text(encoding="utf-8"))


class TestAnswer(unittest.TestCase):
    def test_the_sample_is_summarised(self) -> None:
        result = answer(REQUEST)
        self.assertEqual(result["summary"], "The milling heads arrived on Monday. All four fit.")
        self.assertEqual(result["amount"], "42.00")

    def test_a_request_without_text_fails(self) -> None:
        with self.assertRaises(SystemExit):
            answer({"subject": "nothing"})


if __name__ == "__main__":
    unittest.main()
