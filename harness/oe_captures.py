#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the captures below pcaps/oe: what a gateway of opportunistic encryption would be seen doing, right and wrong.

Usage: harness/oe_captures.py [FOLDER]     (pcaps/oe when it is not given)

Each is a function of oe_captures_order or oe_captures_more, whose words say what is in it and what is wrong with it; they become its README.  The octets are the same in every run.  What is
expected of each is in expect.json beside it, which `draftproof replay --bless` writes and a person has read.
"""
import random
import sys
from pathlib import Path

import oe_captures_more  # noqa: F401 (it adds its captures)
from oe_captures_order import SCENES

README = """# {title}

{text}

Made by `harness/oe_captures.py` (function `{function}`): no packet was ever sent. `expect.json` says what `draftproof replay` finds in it, in each of the two dialects.

```
draftproof replay --expect expect.json {options}in.pcap{ng}
```
"""
OPTIONS = {"good-responder": "--gateway 192.1.1.5 ", "two-gateways": "--gateway 192.1.1.5 ", "no-keys": "--gateway 192.1.1.5 ", "nothing-asked": "--fresh "}


def main(folder):
    for name, make in SCENES.items():
        random.seed(name)  # dnspython shuffles records
        c = make()
        to = folder / name
        to.mkdir(parents=True, exist_ok=True)
        ng = "ng" if c.pcapng else ""
        c.save(to / f"in.pcap{ng}")
        text = " ".join(make.__doc__.split())
        (to / "README.md").write_text(README.format(title=name.replace("-", " ").capitalize(), text=text, function=make.__name__, options=OPTIONS.get(name, ""), ng=ng))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "pcaps" / "oe")
