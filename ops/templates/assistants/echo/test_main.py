"""Try the assistant without a sandbox: python3 -m unittest discover -s bundle-folder"""

import json
import unittest
from pathlib import Path

from main import answer

REQUEST = json.loads(Path(__file__).with_name("request.json").read_text(encoding="utf-8"))


class TestAnswer(unittest.TestCase):
    def test_the_sample_comes_back(self) -> None:
        self.assertEqual(answer(REQUEST)["you_sent"], REQUEST)


if __name__ == "__main__":
    unittest.main()
