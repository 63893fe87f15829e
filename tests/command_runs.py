"""Commands run in a folder of small tables, and what they write."""

import csv
import io
from pathlib import Path

from nn.__main__ import main

ROOT = Path(__file__).parent.parent
FLOWERS = 'width in cm,"length, in cm",the kind\n' + "".join(
    f'{k + i / 50},{-k - i / 40},"{name}"\n'
    for i in range(12)
    for k, name in enumerate(["red, dark", 'a ""rose""', "blue"])
)
LINE = "x,y\n" + "".join(f"{i / 4},{i / 2 + 1}\n" for i in range(20))
MANY = "x,y\n" + "".join(f"{k},a class with a long name {k}\n" for k in range(9) for _ in range(3))
WIDE = "a,b,c,d,e,f,y\n" + "".join(
    f"{i},{i % 5},1,2,3,4,{'no' if i < 9 else 'yes'}\n" for i in range(18)
)
RARE = "x,y\n1,a\n2,a\n3,a\n4,a\n5,b\n6,b\n"
TABLES = {
    "flowers.csv": FLOWERS,
    "line.csv": LINE,
    "many.csv": MANY,
    "wide.csv": WIDE,
    "rare.csv": RARE,
}
QUICK = {  # a short training for each kind of question
    "two classes": ["moons", "--samples", "20", "--epochs", "2"],
    "several classes": ["blobs", "--samples", "30", "--epochs", "2"],
    "a number": ["line.csv", "--target", "y", "--epochs", "2"],
}


def train(*argv):
    """Train, quietly and briefly, and return the model file."""
    assert main(["train", *argv, "--quiet", "--output", "out"]) == 0
    return Path("out/model.json")


def quick(question, *argv):
    """Train on the data for a kind of question, and return the model file."""
    return train(*QUICK[question], *argv)


def predictions(capsys, *argv):
    """Return what predict writes, as rows, and what it says."""
    capsys.readouterr()
    assert main(["predict", *map(str, argv)]) == 0
    out, err = capsys.readouterr()
    return list(csv.reader(io.StringIO(out))), err
