"""Inspectors in their helper process: spec dbprocessing 3 and 4, and every kind of trouble."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, date, datetime
from pathlib import Path

import psutil
import pytest

from headwater.core.errors import InspectorError
from headwater.core.version import Version
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.inspection.specs import InspectorSpec, MissionFacts

NAME = "i1_l0_20200101_v1.0.0.dat"
FORMAT = "i1_l0_{Y}{m}{d}_v{VERSION}.dat"

# What most inspectors below start with; {body} runs first in inspect().
PLAIN = """
import datetime, os, re, sys
from dbprocessing import inspector, Version

class Inspector(inspector.inspector):
    code_name = 'plain.py'
    def inspect(self, kwargs):
        p = self.diskfile.params
        p['utc_file_date'] = datetime.date(2020, 1, 1)
        p['utc_start_time'] = datetime.datetime(2020, 1, 1)
        p['utc_stop_time'] = datetime.datetime(2020, 1, 1, 23)
        p['version'] = Version.Version(1, 0, 0)
{body}
        return 'yes'
"""


class Lab:
    """A mission with inspectors written by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "inspectors").mkdir()
        (folder / "incoming").mkdir()
        self.mission = MissionFacts(
            7, "lab", str(folder), str(folder / "incoming"), str(folder / "codes"),
            str(folder / "inspectors"), str(folder / "errors"),
        )  # fmt: skip
        self.specs: list[InspectorSpec] = []

    def inspector(self, source: str | None, *, name: str | None = None, arguments=None,
                  product_format=FORMAT) -> None:  # fmt: skip
        number = len(self.specs) + 1
        name = name or f"a{number}.py"
        if source is not None:
            (self.folder / "inspectors" / name).write_text(textwrap.dedent(source))
        self.specs.append(
            InspectorSpec(
                inspector_id=100 + number, product_id=number, product_name=f"p{number}", level=0.0,
                format=product_format, relative_path="L0", instrument_name="i1", instrument_id=5,
                satellite_name="s1", satellite_id=6, module_path=name, arguments=arguments,
                description="in the lab",
            )
        )  # fmt: skip

    def plain(self, body: str = "", **options) -> None:
        source = PLAIN.format(body=textwrap.indent(textwrap.dedent(body), " " * 8))
        self.inspector(source, **options)

    def file(self, name: str | bytes = NAME, text: str = "x\n") -> str:
        path = self.folder / "incoming" / os.fsdecode(name)
        path.write_text(text)
        return str(path)

    def host(self, time_limit: float = 30.0) -> InspectorHost:
        return InspectorHost(self.mission, self.specs, time_limit=time_limit)

    def identify(self, *paths, time_limit: float = 30.0, product_ids=None):
        with self.host(time_limit) as host:
            return list(host.identify(paths, product_ids=product_ids))

    def identify_one(self, time_limit: float = 30.0):
        (one,) = self.identify(self.file(), time_limit=time_limit)
        return one


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


@pytest.fixture(autouse=True)
def nothing_left_running():
    yield
    left = psutil.Process().children(recursive=True)
    assert [one for one in left if one.name() != "postgres"] == []  # the session's, if any


@pytest.fixture
def generic_source(shared_dir):
    """The inspector of the recorded dbprocessing runs, unmodified."""
    scenarios = shared_dir / "spec/cases/dbprocessing-scenarios.json"
    return json.loads(scenarios.read_text())["assets"]["generic.py"]


# The inspector contract


def test_an_existing_inspector_runs_unmodified(lab, generic_source):
    lab.inspector(generic_source, name="generic.py")
    text = "#start=2020-01-01T03:00:00\n#stop=2020-01-02T04:00:00\n#keywords=nn=01\ndata\n"
    found, other = lab.identify(lab.file(text=text), lab.file("other.dat"))
    assert (found.product_id, found.inspector_id, found.reason, found.troubles) == (1, 101, "", ())
    assert found.facts.utc_file_date == date(2020, 1, 1)
    assert found.facts.utc_start_time == datetime(2020, 1, 1, 3, tzinfo=UTC)
    assert found.facts.utc_stop_time == datetime(2020, 1, 2, 4, tzinfo=UTC)
    assert found.facts.version == Version(1, 0, 0)
    assert found.facts.process_keywords == "nn=01"
    assert other.product_id is None
    assert other.facts is None
    assert other.reason == "no inspector of mission lab recognises other.dat"


def test_a_set_data_level_is_warned_about(lab, generic_source):
    lab.inspector(generic_source, name="generic.py")
    (found,) = lab.identify(lab.file(text="#data_level=3\n"))
    assert found.product_id == 1
    assert "data_level" in found.output


def test_a_raising_inspector_is_noted_and_the_next_one_tried(lab, generic_source):
    lab.inspector(generic_source, name="generic.py", arguments="raise=1")
    lab.inspector(generic_source, name="generic.py")
    found = lab.identify_one()
    assert found.product_id == 2
    (trouble,) = found.troubles
    assert trouble.startswith(
        "inspector generic.py for product p1 raised RuntimeError: inspector told to raise (line "
    )
    assert "Traceback" in found.output


def test_the_first_match_wins_and_the_others_are_not_asked(lab):
    lab.plain("print('first')")
    lab.plain("print('second')")
    found = lab.identify_one()
    assert (found.product_id, found.output) == (1, "first\n")


def test_only_inspectors_of_the_given_products_are_tried(lab):
    lab.plain()
    lab.plain()
    (found,) = lab.identify(lab.file(), product_ids=frozenset({2}))
    assert found.product_id == 2
    (none,) = lab.identify(lab.file(), product_ids=frozenset())
    assert none.reason == f"no inspector of mission lab recognises {NAME}"


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [(None, {}), ("a=b c=d=e", {"a": "b", "c": "d"}), ("-q a=b", {}), ("a=b stop c=d", {"a": "b"})],
)
def test_arguments_are_read_with_dbprocessings_quirks(lab, arguments, seen):
    lab.plain("print(kwargs)", arguments=arguments)
    assert lab.identify_one().output == f"{seen}\n"


def test_an_argument_with_the_name_of_a_parameter_is_a_trouble(lab):
    lab.plain(arguments="filename=x")
    assert "raised TypeError" in lab.identify_one().reason


def test_what_an_inspector_has_at_hand(lab):
    lab.plain(
        """
        print(self.basename, self.dirname == os.path.dirname(self.filename), self.product)
        print(self.filenameformat, self.filenameregex)
        print(self.extract_YYYYMMDD(), inspector.extract_YYYYMM('x_202002'))
        print(inspector.extract_Version(self.basename), inspector.extract_Version('v1.0.0'))
        print(*inspector.extract_Version('ab_v1.2.3.x', basename=True))
        print(inspector.valid_YYYYMMDD('20200230'), inspector.extract_YYYYMMDD('20510101'))
        from dbprocessing import DBlogging, DBstrings, Diskfile, Utils
        DBlogging.dblogger.info('logged %d', 1)
        formatter = DBstrings.DBformatter()
        print(formatter.format('{m}_{VERSION}', m=3, VERSION=Version.Version(1, 2, 3)))
        print(Diskfile.calcDigest(self.filename))
        print(Version.Version.fromString('1.2.0') - Version.Version(1, 0, 0), Utils.toBool('1'))
        v = Version.Version(1, 2, 3); v.incQuality(); print(v, v > Version.Version(1, 2, 9))
        """
    )
    found = lab.identify_one()
    assert found.troubles == ()
    assert found.output.splitlines() == [
        f"{NAME} True 1",
        FORMAT + r" i1_l0_((19|2\d)\d\d)((0\d|1[0-2]))([0-3]\d)_v(\d+\.\d+\.\d+).dat",
        "2020-01-01 00:00:00 2020-02-01",
        "1.0.0 None",
        "1.2.3 ab_",
        "False None",
        "INFO logged 1",
        "03_1.2.3",
        hashlib.sha1(b"x\n").hexdigest(),
        "[0, 2, 0] False",
        "1.3.0 True",
    ]


def test_dbu_reads_what_the_mission_is_and_nothing_else(lab):
    lab.plain(
        """
        trace = self.dbu.getTraceback('Product', self.product)
        print(self.dbu.mission, trace['mission'].rootdir == self.dbu.getEntry('Mission', 7).rootdir)
        print(trace['satellite'].satellite_name, trace['instrument'].instrument_name)
        print(self.dbu.getEntry('Product', 'p1').format)
        print(self.dbu.format('{Y}', datetime=datetime.date(2020, 1, 1)), self.dbu.re('{m}'))
        for act in (lambda: self.dbu.session, lambda: self.dbu.getEntry('File', 1),
                    lambda: setattr(trace['product'], 'level', 3.0)):
            try:
                act()
            except AttributeError as error:
                print(error)
        """
    )
    lines = lab.identify_one().output.splitlines()
    assert lines[:4] == ["lab True", "s1 i1", FORMAT, r"2020 ((0\d|1[0-2]))"]
    assert "dbu.session is not offered" in lines[4]
    assert "table File is not offered" in lines[5]
    assert "cannot be set" in lines[6]


def test_bare_dates_as_times_are_midnight_and_other_facts_come_through(lab):
    lab.plain(
        """
        p['utc_start_time'] = p['utc_stop_time'] = datetime.date(2020, 1, 1)
        p['met_start_time'], p['met_stop_time'] = 1, 2.5
        p['quality_checked'], p['caveats'] = True, 'bad \\udcff byte'
        p['check_date'] = datetime.datetime(2020, 1, 2)
        """
    )
    facts = lab.identify_one().facts
    assert facts.utc_start_time == facts.utc_stop_time == datetime(2020, 1, 1, tzinfo=UTC)
    assert (facts.met_start_time, facts.met_stop_time) == (1.0, 2.5)
    assert (facts.quality_checked, facts.caveats) == (True, "bad \\xff byte")
    assert facts.check_date == datetime(2020, 1, 2, tzinfo=UTC)


# Inspectors that fail

FAILURES = {
    "version": ("p['version'] = None", "recognised the file but set no version"),
    "text as time": ("p['utc_start_time'] = 'noon'", "set utc_start_time to 'noon', which is not"),
    "text as date": ("p['utc_file_date'] = '2020'", "set utc_file_date to '2020', which is not"),
    "times": ("p['utc_stop_time'] = datetime.date(2019, 1, 1)", "after its utc_stop_time"),
    "interface 0": ("p['version'] = Version.Version(0, 1, 0)", "set an unusable version"),
    "met": ("p['met_start_time'] = 'x'", "set met_start_time to 'x', which is not a number"),
    "sys.exit": ("sys.exit('bye')", "called sys.exit('bye')"),
    "os._exit": ("os._exit(3)", "ended the helper process (exit 3)"),
    "signal": ("os.kill(os.getpid(), 11)", "ended the helper process (SIGSEGV)"),
    "interrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "real-time signal": ("os.kill(os.getpid(), 36)", "ended the helper process (signal 36)"),
    "closed pipes": ("os.closerange(3, 100); return None", "helper process"),
    "garbled pipes": (
        "for n in range(3, 100):\n    try: os.write(n, b'rubbish\\n')\n    except OSError: pass",
        "broke the connection to the helper process",
    ),
    "long message": ("raise ValueError('x' * 10**6)", "raised ValueError: xxx"),
    "message fails": (
        "\nclass E(Exception):\n    def __str__(self): raise ValueError\nraise E", "raised E (line "
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "said"), FAILURES.values(), ids=FAILURES.keys())
def test_an_inspector_that_fails_is_one_clear_reason_on_that_file(lab, body, said):
    lab.plain(f"if 'bad' in self.basename:\n{textwrap.indent(body, '    ')}", name="a.py")
    good, bad, after = lab.identify(lab.file(), lab.file("bad"), lab.file("z"))
    assert (good.product_id, good.troubles) == (1, ())
    assert bad.product_id is None
    assert bad.reason.startswith(("inspector a.py for product p1 ", "an inspector of mission lab "))
    assert said in bad.reason
    assert len(bad.reason) < 500
    assert (after.product_id, after.troubles) == (1, ())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def x(:\n", "cannot be loaded: SyntaxError: "),
        (None, "cannot be loaded: "),
        ("x = 1\n", "has no class Inspector"),
        ("Inspector = 3\n", "has no class Inspector"),
        ("import no_such_module\n", "while it was loaded raised ModuleNotFoundError"),
        ("raise SystemExit\n", "while it was loaded called sys.exit(None)"),
        ("from dbprocessing import inspector\nclass Inspector(inspector.inspector): pass\n",
         "has no method inspect"),
        ("class Inspector:\n    def __init__(self, *a): pass\n    def __call__(self): return 5\n",
         "returned int instead of a Diskfile"),
    ],
)  # fmt: skip
def test_an_inspector_that_cannot_be_used_is_noted_and_the_next_tried(lab, source, said):
    lab.inspector(source)
    lab.plain()
    found = lab.identify_one()
    assert found.product_id == 2
    assert said in found.troubles[0]
    assert "\n" not in found.troubles[0]


def test_a_hanging_inspector_is_stopped_and_the_rest_goes_on(lab):
    lab.plain("raise ValueError('first')")
    lab.plain("if 'bad' in self.basename:\n    print('before')\n    while True: pass")
    lab.plain("return 1 if 'good' in self.basename else None")
    paths = [lab.file(name) for name in ("bad1", "bad good", "x")]
    bad, rescued, fine = lab.identify(*paths, time_limit=1)
    hung = "inspector a2.py for product p2 ran longer than 1 s and was stopped"
    assert bad.product_id is None
    assert bad.troubles[1] == hung
    assert bad.reason == f"{bad.troubles[0]} (1 more failed on it, see troubles)"
    assert bad.troubles[0] == "inspector a1.py for product p1 raised ValueError: first (line 13)"
    assert "before" in bad.output
    assert (rescued.product_id, rescued.troubles[1]) == (3, hung)
    assert (fine.product_id, len(fine.troubles)) == (2, 1)


def test_a_hanging_inspector_is_stopped_with_what_it_started(lab, tmp_path):
    lab.plain(
        f"""
        import subprocess, time
        child = subprocess.Popen(['sleep', '1000'], start_new_session=True)
        open({str(tmp_path / "pid")!r}, 'w').write(str(child.pid))
        time.sleep(1000)
        """
    )
    assert "ran longer" in lab.identify_one(time_limit=1).reason
    assert not alive(int((tmp_path / "pid").read_text()))


def test_a_slow_reader_of_the_answers_gets_no_inspector_killed(lab):
    lab.plain("print('x' * 100_000)")
    with lab.host(time_limit=1) as host:
        answers = host.identify([lab.file(f"f{n}") for n in range(4)])
        found = [next(answers)]
        time.sleep(1.5)
        found += answers
    assert [one.troubles for one in found] == [()] * 4


# Inspectors that disturb others


def test_module_level_state_does_not_go_from_one_file_to_the_next(lab):
    body = """
        seen.append(1)
        Inspector.count = getattr(Inspector, 'count', 0) + 1
        print(len(seen), Inspector.count, __name__ in sys.modules)
    """
    source = PLAIN.replace("class Insp", "seen = []\nclass Insp").format(body=body)
    lab.inspector(source)
    found = lab.identify(lab.file("a"), lab.file("b"))
    assert [one.output for one in found] == ["1 1 True\n", "1 1 True\n"]


def test_a_changed_inspector_is_read_again(lab):
    lab.plain("print('old')", name="a.py")
    with lab.host() as host:
        (before,) = host.identify([lab.file()])
        lab.specs.clear()
        lab.plain("print('new one')", name="a.py")
        (after,) = host.identify([lab.file()])
    assert (before.output, after.output) == ("old\n", "new one\n")


def test_folder_environment_module_path_and_streams_are_put_back(lab):
    lab.plain(
        """
        if self.basename == 'a':
            import signal; signal.alarm(1)
            os.chdir('/'); os.environ['LEFT'] = '1'; sys.path.clear(); del os.environ['PATH']
            sys.stdout.close(); sys.stderr = None; os.close(1); os.close(2)
            return 'yes'
        import time; time.sleep(1.2)
        print(os.getcwd() != '/', 'LEFT' in os.environ, 'PATH' in os.environ, len(sys.path) > 1)
        """
    )
    a, b = lab.identify(lab.file("a"), lab.file("b"))
    assert (a.troubles, b.troubles) == ((), ())
    assert b.output == "True False True True\n"


def test_an_inspector_that_closes_its_streams_and_raises_is_one_reason(lab):
    lab.plain("sys.stdout.close(); sys.stderr = None; os.close(2); raise ValueError('why')")
    lab.plain("print('next')")
    found = lab.identify_one()
    assert found.troubles == ("inspector a1.py for product p1 raised ValueError: why (line 13)",)
    assert found.output.endswith("ValueError: why\nnext\n")


def test_megabytes_of_output_are_cut_and_belong_to_their_file(lab):
    lab.plain(
        """
        if self.basename == 'a':
            print('x' * 5_000_000)
            os.write(1, b'to fd 1'); os.write(2, b'\\xff')
        if self.basename == 'b':
            os.write(1, b'{"i": 1, "m": 0}\\n\\0'); os.system('echo child')
        """
    )
    a, b, c = lab.identify(*(lab.file(name) for name in "abc"))
    assert [one.product_id for one in (a, b, c)] == [1, 1, 1]
    assert a.output.startswith("xxx")
    assert len(a.output) < 66_000
    assert "more bytes were not kept" in a.output
    assert b.output == '{"i": 1, "m": 0}\n\\x00child\n'
    assert c.output == ""


def test_a_forked_child_neither_answers_nor_stays(lab, tmp_path):
    lab.plain(
        f"""
        import time
        if os.fork() == 0:
            return None       # comes back into the helper, in the child
        child = os.fork()
        if child == 0:
            os.setsid(); time.sleep(1000)
        open({str(tmp_path / "pid")!r}, 'w').write(str(child))
        """
    )
    with lab.host() as host:
        for found in host.identify([lab.file("a"), lab.file("b")]):
            assert found.product_id == 1
        assert not alive(int((tmp_path / "pid").read_text()))


def test_an_inspector_that_reads_standard_input_finds_it_empty(lab):
    lab.plain("print(repr(sys.stdin.read()))")
    assert lab.identify_one().output == "''\n"


def test_the_environment_tells_nothing_secret(lab, monkeypatch):
    secrets = ("HEADWATER_CATALOG_URL", "AIRFLOW_CONN_X", "AIRFLOW__CORE__FERNET_KEY", "PGPASSWORD",
               "MY_TOKEN", "PYTHONDONTWRITEBYTECODE")  # fmt: skip
    for name in secrets:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LEAPSECONDS", "kept")
    lab.plain(f"print([n for n in {secrets!r} if n in os.environ], os.environ['LEAPSECONDS'])")
    assert lab.identify_one().output == "[] kept\n"


# Files that are trouble


@pytest.mark.parametrize("name", [b"\xff\xfe.dat", b"a\nb.dat", b"two words.dat", "ü.dat".encode()])
def test_a_name_may_be_any_bytes(lab, name):
    lab.plain("print(self.basename)\nif not os.path.exists(self.filename): raise ValueError")
    lab.plain("return None")
    path = lab.file(name)
    (found,) = lab.identify(os.fsencode(path))
    assert (found.product_id, found.troubles) == (1, ())
    assert os.fsencode(found.path) == os.fsencode(path)
    (unknown,) = lab.identify(path, product_ids=frozenset({2}))
    assert unknown.reason.isprintable()
    unknown.reason.encode()
    found.output.encode()


def test_folders_fifos_links_to_nothing_and_vanished_files_have_their_reason(lab):
    lab.plain()
    incoming = lab.folder / "incoming"
    (incoming / "folder").mkdir()
    os.mkfifo(incoming / "fifo")
    (incoming / "dangling").symlink_to("nowhere")
    names = ("folder", "fifo", "dangling", "vanished")
    assert [one.reason for one in lab.identify(*(incoming / name for name in names))] == [
        "folder is a folder, not a file",
        "fifo is not a regular file",
        "dangling is a link to nothing",
        "vanished is no longer there",
    ]


@pytest.mark.parametrize(
    ("mode", "said"), [(0o200, "cannot be read"), (0o400, "cannot be written")]
)
def test_a_file_without_permission_has_its_reason(lab, mode, said):
    lab.plain()
    path = Path(lab.file())
    path.chmod(mode)
    if os.access(path, os.R_OK | os.W_OK):
        pytest.skip("this user may read and write every file")
    link = lab.folder / "incoming" / "link"
    link.symlink_to(path)
    found, linked = lab.identify(path, link)
    assert said in found.reason
    # Only the link would be removed, so that its file need not be writable.
    assert (linked.product_id is not None) == (mode == 0o400)


# The helper process


def test_answers_come_in_order_and_as_they_are_asked_for(lab):
    lab.plain("print(self.filename)")
    paths = [lab.file(f"f{number}") for number in range(300)]
    with lab.host() as host:
        found = list(host.identify(paths))
        assert [one.path for one in found] == paths
        assert [one.output for one in found] == [f"{path}\n" for path in paths]
        assert list(host.identify([])) == []
        first = host.identify(paths)
        next(first)
        first.close()  # the rest of its answers must not meet the next question
        assert [one.output for one in host.identify(paths[7:8])] == [f"{paths[7]}\n"]


def test_one_helper_serves_all_files_and_ends_with_the_block(lab):
    lab.plain("print(os.getpid())")
    with lab.host() as host:
        pids = {one.output for one in host.identify([lab.file("a"), lab.file("b")])}
        pids |= {one.output for one in host.identify([lab.file("c")])}
    assert len(pids) == 1
    assert not alive(int(pids.pop()))


def test_a_killed_helper_is_started_again(lab):
    lab.plain("print(os.getpid())")
    with lab.host() as host:
        (first,) = host.identify([lab.file()])
        os.kill(int(first.output), signal.SIGKILL)
        (second,) = host.identify([lab.file()])
    assert (second.product_id, second.troubles) == (1, ())


def test_a_helper_that_cannot_start_is_one_error(lab, tmp_path, monkeypatch):
    lab.plain()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with lab.host() as host, pytest.raises(InspectorError, match="cannot be started"):
        list(host.identify([lab.file()]))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with lab.host() as host, pytest.raises(InspectorError, match=r"exit 1.*before it was ready"):
        list(host.identify([lab.file()]))


def test_the_helper_dies_with_its_parent_even_while_an_inspector_hangs(lab, tmp_path):
    pid_file = tmp_path / "pid"
    lab.plain(f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\nwhile True: pass")
    script = (
        "import sys; from headwater.missions.inspection.host import *\n"
        f"host = InspectorHost({lab.mission!r}, [{lab.specs[0]!r}])\n"
        f"list(host.identify([{lab.file()!r}]))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", script], env=environment)
    try:
        wait_for(lambda: pid_file.exists() and pid_file.read_text())
        assert alive(int(pid_file.read_text()))
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not alive(int(pid_file.read_text())))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(condition, limit: float = 20.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
