"""The keeper: one small process that runs the codes of a task and outlives none of them.

Four kinds of process, each a child of the one before it:

* the **parent**, a task or a command, which holds a `client.Keeper`;
* the **keeper** (`supervisor`), which the parent starts with ``python -m``. The two talk through
  one socket. When the parent's side closes, on purpose or because the parent died, everything
  below is killed;
* a **warden** (`warden`) for each code that runs at the same time, used again for the next code.
  It is a child subreaper, so whatever the code starts stays below it, also a daemon that left
  the session. The keeper has one more child, the **renewer** of leases (`lease`), which alone
  knows the catalog's address;
* the **code**, in a session of its own.

A warden that dies leaves its processes to the keeper, which is a subreaper too and kills them.
When the keeper dies its wardens notice, kill what is theirs, and end. What no one can guard
against without rights of an administrator is a keeper and its warden killed in the same instant:
then the build's lease runs out and its code ends unguarded.

This package's ``__init__`` imports nothing, because the keeper must start fast.
"""
