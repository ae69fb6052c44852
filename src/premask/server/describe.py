"""Write the description of the routes that the front end's types are generated from.

``python -m premask.server.describe``, then ``python hatch_build.py types``.
"""

from __future__ import annotations

import json
from pathlib import Path

from premask.server.app import create_app

if __name__ == "__main__":
    path = Path(__file__).parents[3] / "frontend" / "src" / "api" / "openapi.json"
    path.write_text(json.dumps(create_app(None).openapi(), indent=2) + "\n", encoding="utf-8")
