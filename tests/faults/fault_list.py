"""The faults that a production system meets: what is done for each in the tests, what must follow.

The numbers are those of the survey on which the tests of Headwater are based. ``goes on``: it must
survive without a person; ``stops``: that file or work must stop loudly and wait for one.
"""

from __future__ import annotations

from dataclasses import dataclass

GOES_ON, STOPS = "goes on", "stops"


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry: a name, what must come of it, and what does."""

    name: str
    must: str
    follows: str


FAULTS = {
    1: Fault("killed before anything is promised", GOES_ON,
             "what was claimed is taken over after its lease"),
    2: Fault("killed after the promise, before the copy", GOES_ON,
             "recovery deletes the promise; the source is placed again"),
    3: Fault("killed in the middle of the copy", GOES_ON,
             "recovery removes the part"),
    4: Fault("killed after the copy, before its fsync", GOES_ON, "recovery removes the part"),
    5: Fault("killed after the fsync, before the link", GOES_ON, "recovery removes the part"),
    6: Fault("killed after the link, before the folder's fsync", GOES_ON,
             "recovery removes the final name, which is the part's own inode, then the part"),
    7: Fault("killed after the folder's fsync, before the commit", GOES_ON, "as 6"),
    8: Fault("connection cut during the work; answer to a commit lost; commit lost", GOES_ON,
             "nothing is undone by guess: the row of the promise tells recovery which it was"),
    9: Fault("killed after the commit, before the source is removed", GOES_ON,
             "recovery removes part and source; no second arrival"),
    10: Fault("killed between the removal and the end of the promise", GOES_ON,
              "recovery deletes the promise; a quarantine is finished by its key"),
    11: Fault("SIGTERM is ignored", GOES_ON, "SIGKILL to every descendant after the grace"),
    12: Fault("only the science code is killed, as by lack of memory", GOES_ON,
              "the build has failed with the signal, and is tried again by rule"),
    13: Fault("power loss: what was not synced is gone, database and archive alike", GOES_ON,
              "every row has its bytes; what was under way is placed again"),
    14: Fault("database restarted, at once or with a checkpoint, at each step", GOES_ON,
              "the worker says that the catalog is away; recovery as for a kill"),
    15: Fault("catalog older than its archive, as after a fail-over or a restore", STOPS,
              "the audit names each file without a row; --repair takes them in again"),
    16: Fault("no connection left", GOES_ON, "one sentence; tried again"),
    17: Fault("deadlock, serialization failure", GOES_ON, "the commit is tried again"),
    18: Fault("statement cancelled, a lock that is not given", GOES_ON,
              "one sentence; nothing has changed; tried again"),
    19: Fault("owner stands still with its lease", GOES_ON,
              "another takes over after the lease; the late one changes nothing"),
    20: Fault("disk of the database full", STOPS, "one sentence with the server's words"),
    21: Fault("database read-only", STOPS, "one sentence with the server's words"),
    23: Fault("schema older or newer than the program", STOPS,
              "refused, with the command that helps"),
    24: Fault("disk full: bytes or inodes", GOES_ON,
              "the mission's ingest pauses, says so, and goes on when there is room; a build is "
              "made later, without counting an attempt"),
    25: Fault("quota reached", STOPS, "that file stays claimed; the pass fails with a sentence"),
    26: Fault("I/O error on read, write, fsync", STOPS,
              "a source that cannot be read is quarantined; a failed fsync fails the file and is "
              "never tried again on the same copy"),
    27: Fault("stale handle, a file system that does not answer", GOES_ON,
              "an error as 26; a look that hangs is in a thread of its own"),
    28: Fault("no permission, read-only file system", STOPS,
              "that file stays claimed or is quarantined; the others go on"),
    29: Fault("a file that is still being written", GOES_ON, "it is left until it has settled"),
    30: Fault("replaced between the look and the read", GOES_ON, "it starts over as it is now"),
    31: Fault("an empty file", GOES_ON, "filed with a note, or quarantined by the mission's rule"),
    32: Fault("the same name with other bytes", STOPS, "quarantined; the archive is not touched"),
    33: Fault("the same bytes again", GOES_ON, "a duplicate of the same name is removed; another "
              "name of the same version is quarantined"),
    34: Fault("a flipped bit after adoption", STOPS, "the scrub finds it; what can be made again "
              "is; of level 0 it is an alarm"),
    35: Fault("a file gone from the archive", STOPS, "the audit marks it lost: made again, or put "
              "back when it arrives again"),
    36: Fault("a file without a row", GOES_ON, "the audit takes it in, or names it"),
    37: Fault("rename or link across file systems", GOES_ON, "it is copied"),
    38: Fault("link, FIFO, folder, control character, `..`, too long, not UTF-8", STOPS,
              "quarantined as it is"),
    39: Fault("no inode left", GOES_ON, "as 24"),
    40: Fault("a time in the future or in 1970", GOES_ON, "filed like any other"),
    41: Fault("code ends well and leaves no output", STOPS, "the build has failed"),
    42: Fault("code fails and leaves an output", GOES_ON, "the build has failed; the output is "
              "kept beside its log in the error folder"),
    43: Fault("code asks to be run later (75)", GOES_ON, "made later, without counting"),
    44: Fault("code ended by a signal", GOES_ON, "failed, tried again by rule"),
    45: Fault("code hangs", GOES_ON, "killed with all its descendants at its time limit"),
    46: Fault("some of the required outputs", STOPS, "nothing of the run is filed"),
    47: Fault("more than declared, or outside its folder", STOPS,
              "what it left is named in the reason; see trust.md for what cannot be seen"),
    48: Fault("output that its own inspector refuses, or of other dates", STOPS,
              "nothing of the run is filed"),
    49: Fault("a daemon that goes on writing", GOES_ON, "killed with the run, and counted"),
    51: Fault("input replaced during a run", GOES_ON, "filed, then made again"),
    52: Fault("input gone or held before a run", GOES_ON, "planned again"),
    53: Fault("Airflow's scheduler killed", GOES_ON, "everything is made once"),
    54: Fault("Airflow's triggerer or DAG processor killed", GOES_ON, "everything is made once"),
    55: Fault("Airflow's API server away under a running code", GOES_ON,
              "the code lives on, and is adopted once"),
    56: Fault("two owners alive at once", GOES_ON, "the token of the late one opens no door"),
    57: Fault("two schedulers", GOES_ON, "everything is made once"),
    58: Fault("a DAG file that cannot be read", GOES_ON, "the DAGs of before stay"),
    59: Fault("marked failed or cleared while it runs", GOES_ON,
              "the code is dead, nothing is adopted; cleared, it is made"),
    60: Fault("paused for long", GOES_ON, "caught up in bounded runs"),
    61: Fault("thousands of files in a second", GOES_ON, "taken in bounded claims and runs"),
    63: Fault("work that always fails", GOES_ON, "held as poison after its attempts"),
    64: Fault("clocks that jump or differ", GOES_ON, "leases know the database's clock only"),
    65: Fault("day 366, leap second, midnight", GOES_ON, "dates are the calendar's"),
    66: Fault("data of before the mission or of the future", STOPS,
              "filed under its date; the inspector decides what is refused"),
    67: Fault("two campaigns over the same dates", GOES_ON, "each build is made once"),
    68: Fault("a campaign aborted half way", GOES_ON, "what was made stays, the rest is not made"),
    69: Fault("release of what has a bad parent", STOPS,
              "left out with the parent's name; a person may list it all the same"),
    70: Fault("paths that climb, shell characters in names", STOPS,
              "names are data: refused or quarantined"),
    71: Fault("secrets in logs", STOPS, "codes and logs hold none"),
}  # fmt: skip
"""By number. 22, 50 and 62 are of speed and of codes: see performance.md."""
