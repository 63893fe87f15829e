"""CSV tables: what is read, how it is understood, and what every error says."""

import gzip
import os
import sys
import threading
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from nn.samples import load_iris
from nn.table_file import Table
from nn.tables import TableError, column_names, read_csv, read_rows

IRIS = Path(nn.__file__).parent / "datasets" / "iris.csv"


@pytest.fixture
def table(tmp_path):
    """Write a table and return its path."""

    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


# What is read

FRUIT = ([[150.0, 7.5], [120.0, -6.0]], [0, 1], ["weight", "width"], ["apple", "pear"])
SPELLINGS = {  # the same table, written in many ways
    "commas": "weight,width,fruit\n150,7.5,apple\n120,-6,pear\n",
    "semicolons": "weight;width;fruit\n150;7.5;apple\n120;-6;pear\n",
    "tabs": "weight\twidth\tfruit\n150\t7.5\tapple\n120\t-6\tpear\n",
    "decimal comma, semicolons": "weight;width;fruit\n150;7,5;apple\n120,0;-6;pear\n",
    "decimal comma, tabs": "weight\twidth\tfruit\n150\t7,5\tapple\n120\t-6,\tpear\n",
    "Windows lines": "weight,width,fruit\r\n150,7.5,apple\r\n120,-6,pear\r\n",
    "old Macintosh lines": "weight,width,fruit\r150,7.5,apple\r120,-6,pear\r",
    "no last newline": "weight,width,fruit\n150,7.5,apple\n120,-6,pear",
    "byte order mark": "\ufeffweight,width,fruit\n150,7.5,apple\n120,-6,pear\n",
    "blank lines": "\n \nweight,width,fruit\n\n150,7.5,apple\n   \n120,-6,pear\n\n\r\n",
    "lines of empty cells": "weight,width,fruit\n150,7.5,apple\n,,\n120,-6,pear\n , ,\n",
    "spaces": " weight , width,fruit \n 150 ,  7.5, apple\n120 , -6 , pear \n",
    "quotes": '"weight","width","fruit"\n"150","7.5","apple"\n"120","-6","pear"\n',
    "quotes after spaces": '"weight", "width", "fruit"\n150, "7.5", "apple"\n120, -6, "pear"\n',
    "powers of ten": "weight,width,fruit\n1.5e2,75E-1,apple\n+120.,-.6e+1,pear\n",
    "target first": "fruit,weight,width\napple,150,7.5\npear,120,-6\n",
    "target between": "weight,fruit,width\n150,apple,7.5\n120,pear,-6\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_gives_the_same_data(table, spelling):
    fruit = read_csv(table(SPELLINGS[spelling]), "fruit")
    assert (fruit.inputs, fruit.targets, fruit.feature_names, fruit.class_names) == FRUIT
    assert fruit.name == "data"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_gives_the_same_rows(table, spelling):
    path = table(SPELLINGS[spelling])
    assert sorted(column_names(path)) == ["fruit", "weight", "width"]
    inputs, targets = read_rows(path, ["width", "weight"], "fruit", ["pear", "apple"])
    assert (inputs, targets) == ([[7.5, 150.0], [-6.0, 120.0]], [1, 0])


def test_the_packaged_iris_is_a_table():
    iris = read_csv(str(IRIS), "species")
    assert iris == load_iris()


def test_names_may_be_in_any_script_and_hold_the_separator(table):
    path = table('"длина, см","say ""cm""",вид\n1,2,ёж\n3,4,уж\n')
    data = read_csv(path, "вид")
    assert data.feature_names == ["длина, см", 'say "cm"']
    assert data.class_names == ["уж", "ёж"]  # by code point


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_composed_and_decomposed_accents_are_the_same(table, form, asked):
    path = table(unicodedata.normalize(form, "größe,ä,é\n1,2,für\n2,3,já\n"))
    target, size, *classes = unicodedata.normalize(asked, "é größe für já").split()
    data = read_csv(path, target, features=[size])
    assert (data.feature_names, data.class_names) == (["größe"], ["für", "já"])
    assert column_names(path) == ["größe", "ä", "é"]
    assert read_rows(path, [size], target, classes) == ([[1.0], [2.0]], [0, 1])


def test_a_cell_may_hold_a_line_break(table):
    path = table('x,y\n1,"one\nline"\n2,b\nbad,b\n')
    with pytest.raises(TableError, match="line 5, column 'x'"):
        read_csv(path, "y")
    data = read_csv(table('x,y\r\n1,"one\r\nline"\r\n2,b\r\n'), "y")
    assert data.class_names == ["b", "one\r\nline"]


def test_the_separator_is_what_the_header_has_most_of(table):
    path = table("length, cm;width, cm;kind\n1,5;2,5;a\n3,5;4,5;b\n")
    assert read_csv(path, "kind").inputs == [[1.5, 2.5], [3.5, 4.5]]
    path = table('"size (a,b,c)";kind\n1;a\n3;b\n')  # separators in quotes do not count
    assert read_csv(path, "kind").feature_names == ["size (a,b,c)"]


def test_lines_are_counted_from_the_top_of_the_file(table):
    with pytest.raises(TableError, match="line 6, column 'x'"):
        read_csv(table("\n\nx,y\n1,a\n\noops,b\n"), "y")


def test_only_the_features_asked_for_are_read(table):
    path = table("id,x,note,y,\nA1,1,?,a,\nA2,2,,b,\n")
    data = read_csv(path, "y", features=["x"])
    assert (data.inputs, data.feature_names) == ([[1.0], [2.0]], ["x"])


def test_features_keep_the_order_asked_for(table):
    data = read_csv(table("p,q,y\n1,2,a\n3,4,b\n"), "y", features=["q", "p"])
    assert (data.inputs, data.feature_names) == ([[2.0, 1.0], [4.0, 3.0]], ["q", "p"])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e300, 1e300), st.booleans()), min_size=1, max_size=20),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_survive_the_way_through_a_file(tmp_path_factory, rows, separator, newline):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    lines = [f"x{separator}y", *(f"{x!r}{separator}{'ab'[label]}" for x, label in rows)]
    path.write_bytes((newline.join(lines) + newline).encode())
    inputs, targets = read_rows(path, ["x"], "y", ["a", "b"])
    assert inputs == [[x] for x, _ in rows]
    assert targets == [int(label) for _, label in rows]


# How the target is understood

KINDS = [  # target cells, kind, targets, class names
    ("b a b a", "auto", [1, 0, 1, 0], ["a", "b"]),
    ("no yes yes no", "classification", [0, 1, 1, 0], ["no", "yes"]),
    ("0 1 1 0", "auto", [0, 1, 1, 0], ["0", "1"]),  # the truth table of xor
    ("-1 1 1 -1", "auto", [0, 1, 1, 0], ["-1", "1"]),
    ("10 9 10 9", "auto", [1, 0, 1, 0], ["9", "10"]),  # by size, not by text
    ("1.0 2 01 2.00", "auto", [0, 1, 0, 1], ["1", "2"]),  # one number, one class
    (" ".join("0123456789" * 2), "auto", [*range(10)] * 2, list("0123456789")),
    ("1 2 3 4", "auto", [1.0, 2.0, 3.0, 4.0], []),  # each only once: a quantity
    (" ".join(str(i % 11) for i in range(44)), "auto", [float(i % 11) for i in range(44)], []),
    ("0.5 1 0.5 1", "auto", [0.5, 1.0, 0.5, 1.0], []),  # not whole
    ("0 1 1 0", "regression", [0.0, 1.0, 1.0, 0.0], []),
    ("1 2 3 4", "classification", [0, 1, 2, 3], ["1", "2", "3", "4"]),
    ("0.5 1 0.50 1", "classification", [0, 1, 0, 1], ["0.5", "1"]),
    ("1 2 3a 2", "classification", [0, 1, 2, 1], ["1", "2", "3a"]),
    ("a b 1 2", "auto", [2, 3, 0, 1], ["1", "2", "a", "b"]),  # not mostly numbers
    ("7 7", "regression", [7.0, 7.0], []),
]


@pytest.mark.parametrize(("cells", "kind", "targets", "classes"), KINDS)
def test_kinds_of_targets(table, cells, kind, targets, classes):
    path = table("x,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells.split())))
    data = read_csv(path, "y", kind=kind)
    assert (data.targets, data.class_names) == (targets, classes)
    assert [type(t) for t in data.targets] == [int if classes else float] * len(targets)


@pytest.mark.parametrize(
    ("cells", "classes", "targets"),
    [
        ("1 0 1.0 01", ["0", "1"], [1, 0, 1, 1]),
        ("b a", ["a", "b", "c"], [1, 0]),
        ("01 1", ["01", "1"], [0, 1]),  # text that the model knows comes first
        ("0.50 2", ["0.5", "2"], [0, 1]),
        ("3 4.5", [], [3.0, 4.5]),
        ("a a", ["a", "b"], [0, 0]),  # one class only is no trouble in new data
    ],
)
def test_targets_of_new_data_follow_the_model(table, cells, classes, targets):
    path = table("y,x\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells.split())))
    inputs, read = read_rows(path, ["x"], "y", classes)
    assert read == targets
    assert inputs == [[float(i)] for i in range(len(targets))]


def test_new_data_ignore_other_columns_whatever_they_hold(table):
    path = table("a,x,,a,b\nfoo,1,,nan,\n,2,bar,inf,?\n")
    assert read_rows(path, ["x"]) == ([[1.0], [2.0]], None)


# Errors

BAD_TABLES = [  # name, content, options of read_csv(path, "y"), the whole message after the file
    (
        "a cell too many",
        "x,y\n1,a\n2,5,b\n",
        {},
        ", line 3: there are 3 cell(s) separated by ',', but the first line names 2 column(s). "
        "Put a cell that contains the separator in quotes.",
    ),
    (
        "a cell missing",
        "x;z;y\n1;2;a\n\n3;b\n",
        {},
        ", line 4: there are 2 cell(s) separated by ';', but the first line names 3 column(s). "
        "Complete the line, or delete it.",
    ),
    (
        "text in a number column",
        "x,y\n1,a\n1O,b\n",
        {},
        ", line 3, column 'x': '1O' is not a number. Correct it, or delete the line.",
    ),
    (
        "text in the first row of a number column",
        "x,y\noops,a\n1,b\n",
        {},
        ", line 2, column 'x': 'oops' is not a number. Correct it, or delete the line.",
    ),
    (
        "a column of text",
        "x,sex,y\n1,male,a\n2,female,b\n",
        {},
        ", line 2, column 'sex': 'male' is text, and so are the lines below, but a network "
        "computes with numbers. Encode the column as numbers (for instance a column of 0 and 1 "
        "for each category), or leave it out: name the others with --features a,b (in Python "
        "features=['a', 'b']).",
    ),
    (
        "an empty cell",
        "x,y\n1,a\n ,b\n",
        {},
        ", line 3, column 'x': the cell is empty. Fill it in, or delete the line.",
    ),
    (
        "an empty target",
        "x,y\n1,a\n2,\n",
        {},
        ", line 3, column 'y': the cell is empty. Fill it in, or delete the line.",
    ),
    (
        "nan",
        "x,y\n1,a\nNaN,b\n",
        {},
        ", line 3, column 'x': 'NaN' stands for a missing value. Fill it in, or delete the line.",
    ),
    (
        "a missing class",
        "x,y\n1,a\n2,?\n",
        {},
        ", line 3, column 'y': '?' stands for a missing value. Fill it in, or delete the line.",
    ),
    (
        "infinity",
        "x,y\n1,a\n-inf,b\n",
        {},
        ", line 3, column 'x': '-inf' is not a finite number. Correct it, or delete the line.",
    ),
    (
        "a number beyond floats",
        "x,y\n1,a\n1e999,b\n",
        {},
        ", line 3, column 'x': '1e999' is not a finite number. Correct it, or delete the line.",
    ),
    (
        "Python's underscores",
        "x,y\n1,a\n1_000,b\n",
        {},
        ", line 3, column 'x': '1_000' is not a number. Correct it, or delete the line.",
    ),
    (
        "decimal commas between commas",
        'x,y\n"1,5",a\n"2,5",b\n',
        {},
        ", line 2, column 'x': '1,5' has a comma. Use a decimal point, and no mark between "
        "thousands.",
    ),
    (
        "two decimal marks",
        "x;y\n1.5;a\n2,5;b\n",
        {},
        ", line 3, column 'x': decimals are written with a comma and with a point: '1.5' in line "
        "2, '2,5' in line 3. Use one mark, and none between thousands.",
    ),
    (
        "thousands and decimals",
        "x;y\n1;a\n1.234,5;b\n",
        {},
        ", line 3, column 'x': '1.234,5' has a comma. Use a decimal point, and no mark between "
        "thousands.",
    ),
    (
        "a column without name",
        ",x,y\n0,1,a\n1,2,b\n",
        {},
        ": column 1 has no name in the first line. Name it; or, if it is an index or comes from a "
        "separator at the end of the line, delete it.",
    ),
    (
        "two columns of one name",
        "x,z,x ,y\n1,2,3,a\n",
        {},
        ": columns 1 and 3 are both called 'x'. Rename one.",
    ),
    (
        "two targets",
        "y,x,y\na,1,a\n",
        {},
        ": columns 1 and 3 are both called 'y'. Rename one.",
    ),
    (
        "no target",
        "x,Y\n1,a\n",
        {},
        ": there is no column 'y'. Did you mean 'Y'? The columns are 'x', 'Y'.",
    ),
    (
        "no header",
        "5.1,3.5,setosa\n4.9,3.0,setosa\n",
        {},
        ": there is no column 'y'. The columns are '5.1', '3.5', 'setosa'. The first line looks "
        "like data; it has to name the columns.",
    ),
    (
        "many columns",
        ",".join(f"c{i}" for i in range(100)) + "\n",
        {},
        ": there is no column 'y'. The columns are "
        + ", ".join(f"'c{i}'" for i in range(20))
        + " and 80 more.",
    ),
    (
        "missing features",
        "width,height,y\n1,2,a\n",
        {"features": ["widht", "depth"]},
        ": there are no columns 'widht', 'depth'. Did you mean 'width'? The columns are 'width', "
        "'height', 'y'.",
    ),
    (
        "no features",
        "y\na\nb\n",
        {},
        ": there is no feature to learn from besides the target 'y'.",
    ),
    (
        "the target as a feature",
        "x,y\n1,2\n",
        {"features": ["x", "y"]},
        ": the target 'y' is also among the features, so the answer would be known.",
    ),
    (
        "nothing",
        "",
        {},
        " is empty. A table has a first line with the names of the columns, then a line for each "
        "sample.",
    ),
    (
        "blank lines only",
        "\ufeff\n \r\n\n",
        {},
        " is empty. A table has a first line with the names of the columns, then a line for each "
        "sample.",
    ),
    (
        "a header only",
        "x,y\n\n",
        {},
        ": there is a first line with names, but no line with data below it.",
    ),
    (
        "one class only",
        "x,y\n1,a\n2,a\n",
        {},
        ", column 'y': every sample has the class 'a', so there is nothing to tell apart. Add "
        "samples of another class.",
    ),
    (
        "text in a quantity",
        "x,y\n1,2.5\n2,3.5\n3,oops\n",
        {},
        ", line 4, column 'y': 'oops' is not a finite number, but the target is a quantity for "
        "regression. Correct it, or if it names a class choose classification.",
    ),
    (
        "classes for regression",
        "x,y\n1,a\n2,b\n",
        {"kind": "regression"},
        ", line 2, column 'y': 'a' is not a finite number, but the target is a quantity for "
        "regression. Correct it, or if it names a class choose classification.",
    ),
    (
        "a quote that is not closed",
        'x,y\n1,a\n2,"b\n3,a\n',
        {},
        ", line 3: the line cannot be cut into cells (unexpected end of data). Close every quote "
        'that is opened, and write a quote inside a quoted cell twice: "".',
    ),
    (
        "Windows-1251",
        "x,y\n1,a\n2,ёж\n".encode("cp1251"),
        {},
        ", line 3: the byte 0xb8 is not UTF-8; the file may be in an older encoding such as "
        'Windows-1251 or Windows-1252. Save it as UTF-8 (in spreadsheets: "CSV UTF-8").',
    ),
    (
        "UTF-16",
        "x,y\n1,a\n".encode("utf-16"),
        {},
        " is text in UTF-16, but a table is plain text in UTF-8. Unpack it, or open it in "
        'its program and save it as CSV (in spreadsheets: "CSV UTF-8").',
    ),
    (
        "gzip",
        gzip.compress(b"x,y\n1,a\n", mtime=0),
        {},
        " is compressed with gzip, but a table is plain text in UTF-8. Unpack it, or open it in "
        'its program and save it as CSV (in spreadsheets: "CSV UTF-8").',
    ),
    (
        "binary",
        bytes(range(32)) * 20,
        {},
        " is binary data, but a table is plain text in UTF-8. Unpack it, or open it in "
        'its program and save it as CSV (in spreadsheets: "CSV UTF-8").',
    ),
]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [row[1:] for row in BAD_TABLES],
    ids=[row[0] for row in BAD_TABLES],
)
def test_errors_say_where_what_and_what_to_do(table, content, options, message):
    path = table(content)
    with pytest.raises(TableError) as caught:
        read_csv(path, "y", **options)
    assert str(caught.value) == f"{path}{message}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_late_byte_that_is_not_utf8_is_found_in_its_line(table):
    path = table(b"x,y\n" + b"1,a\n" * 50_000 + b"2,\xff\n")
    with pytest.raises(TableError, match="line 50002: the byte 0xff is not UTF-8"):
        read_csv(path, "y")


def test_a_spreadsheet_is_recognised(tmp_path):
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("sheet.xml", "<x/>")
    with pytest.raises(TableError, match="book.xlsx is a zip archive or a spreadsheet"):
        read_csv(path, "y")


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(TableError, match="There is no file .*none.csv. Check its name"):
        read_csv(tmp_path / "none.csv", "y")
    with pytest.raises(TableError, match="is a folder. Give the name of a CSV file in it"):
        column_names(tmp_path)


def test_what_the_system_refuses_is_a_table_error(table, monkeypatch):
    path = table("x,y\n1,a\n")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(TableError, match="data.csv cannot be read: Permission denied"):
        column_names(path)


@pytest.mark.parametrize(
    ("features", "target", "classes", "message"),
    [
        (
            ["x", "width"],
            None,
            [],
            ": there is no column 'width'. Did you mean 'Width'? The columns are 'x', 'Width', "
            "'y', 'x2', 'x2'. The model needs every column that it was trained on.",
        ),
        (["x", "x2"], None, [], ": columns 4 and 5 are both called 'x2'. Rename one."),
        (
            ["Width"],
            None,
            [],
            ", line 3, column 'Width': the cell is empty. Fill it in, or delete the line.",
        ),
        (
            ["x"],
            "z",
            ["a"],
            ": there is no column 'z'. The columns are 'x', "
            "'Width', 'y', 'x2', 'x2'. The model needs every column that it was trained on.",
        ),
        (
            ["x"],
            "y",
            ["a", "c"],
            ", line 3, column 'y': 'b' is not a class of the model. Its classes are 'a', 'c'.",
        ),
        (
            ["x"],
            "y",
            ["0", "1"],
            ", line 2, column 'y': 'a' is not a class of the model. Its classes are '0', '1'.",
        ),
        (
            ["x"],
            "y",
            [],
            ", line 2, column 'y': 'a' is not a finite number, but the target is a "
            "quantity for regression. Correct it, or if it names a class choose classification.",
        ),
    ],
)
def test_errors_of_new_data(table, features, target, classes, message):
    path = table("x,Width,y,x2,x2\n1,2,a,0,0\n3,,b,0,0\n")
    with pytest.raises(TableError) as caught:
        read_rows(path, features, target, classes)
    assert str(caught.value) == f"{path}{message}"


def test_a_kind_is_one_of_three(table):
    with pytest.raises(ValueError, match="kind is 'classes', .* auto, classification, regression"):
        read_csv(table("x,y\n1,a\n"), "y", kind="classes")


def test_rows_are_read_one_by_one():
    """A row is turned into numbers before the next line is taken from the file."""
    taken = []

    def lines():
        for line in ("x,y\n", "1,a\n", "oops,a\n", "3,b\n", "4,b\n"):
            taken.append(line)
            yield line

    with pytest.raises(TableError, match="line 3"):
        Table("data.csv", lines()).read(["x"], "y")
    assert taken[-1] == "oops,a\n"


def test_table_error_is_a_value_error_without_traceback_noise(table):
    assert issubclass(TableError, ValueError)
    with pytest.raises(TableError) as caught:
        read_csv(table("x,y\n1,a\nb,b\n"), "y")
    assert "\n" not in str(caught.value)


@pytest.fixture
def pipe(tmp_path):
    """Send content through a named pipe and return its path."""
    path = tmp_path / "pipe"
    writers = []

    def send(content):
        os.mkfifo(path)
        writers.append(threading.Thread(target=path.write_bytes, args=(content,)))
        writers[0].start()
        return path

    yield send
    writers[0].join()


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_a_table_may_come_through_a_pipe(pipe):
    lines = "x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(5000))
    data = read_csv(pipe(lines.encode()), "y")
    assert [row[0] for row in data.inputs] == list(range(5000))


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_a_pipe_is_not_read_twice_to_find_a_line(pipe):
    with pytest.raises(TableError, match="pipe: the byte 0xb8 is not UTF-8"):
        read_csv(pipe(b"x,y\n1,\xb8\n"), "y")
