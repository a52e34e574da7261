"""Asks a version of Patroni whether a primary that stood still takes the leader lock back from its successor.

python3 test/campaigns/partitions/old_leader.py [FOLDER WITH THE PACKAGE patroni]

Needs etcd 3 and Patroni, by default the installed one. Ends with 1 if the lock changes hands: then orders that the successor has
acknowledged are lost, in synchronous mode too (docs/operating/reliability.md).
"""

import base64
import inspect
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])
from patroni.dcs import get_dcs
from patroni.version import __version__

logging.disable()
CLIENTS, PEERS = "http://127.0.0.1:23790", "http://127.0.0.1:23800"
TTL = 6


def member(name):
    dcs = get_dcs({"name": name, "scope": "lab", "etcd3": {"url": CLIENTS}, "ttl": TTL, "loop_wait": 1, "retry_timeout": 2})
    dcs.get_cluster()
    return dcs


def holder():
    body = json.dumps({"key": base64.b64encode(b"/service/lab/leader").decode()}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{CLIENTS}/v3/kv/range", body)) as response:
        return [base64.b64decode(one["value"]).decode() for one in json.load(response).get("kvs", [])]


def update(dcs, view):
    """The first argument changed in 3.0.3 and 3.1."""
    dcs._cluster = view
    first = list(inspect.signature(dcs.update_leader).parameters)[0]
    return dcs.update_leader(*{"cluster": [view], "leader": [view.leader]}.get(first, []), 1)


with tempfile.TemporaryDirectory() as folder:
    urls = ["--listen-client-urls", CLIENTS, "--advertise-client-urls", CLIENTS, "--listen-peer-urls", PEERS]
    urls += ["--initial-advertise-peer-urls", PEERS, "--initial-cluster", f"default={PEERS}", "--data-dir", folder]
    etcd = subprocess.Popen(["etcd", *urls], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                holder()
                break
            except OSError:
                time.sleep(0.1)
        old, new = member("old"), member("new")
        assert old.attempt_to_acquire_leader() and holder() == ["old"]
        view = old.get_cluster()
        while holder():  # The old primary stands still until its lease has ended.
            time.sleep(0.2)
        new.get_cluster()
        assert new.attempt_to_acquire_leader() and holder() == ["new"]
        answer = bool(update(old, view))  # It goes on with the view that it had.
        print(f"Patroni {__version__}: the old primary {'has' if answer else 'does not have'} the lock again; etcd names {holder()[0]}")
        sys.stdout.flush()
        status = 0 if holder() == ["new"] and not answer else 1
    finally:
        etcd.kill()
        etcd.wait()
os._exit(status)
