"""The examples of the documentation, as a new user would run them."""

from __future__ import annotations

EXAMPLES = """

def run_my_tool():
    pass

def test_second_import_hits(pycache):
    pycache.write("m", "x = 1")
    assert pycache.import_("m").written == "created"
    assert pycache.import_("m").hit

def test_same_second_edit_is_missed(pycache):
    pycache.write("m", "x = 1", mtime=1_700_000_000)
    pycache.import_("m")
    pycache.edit("m", "x = 2", keep_mtime=True)              # same size
    event = pycache.run("import m; print(m.x)")
    assert event["m"].outcome == "stale_hit" and event.stdout == "1\\n"

def test_checked_hash_survives_checkout(pycache):
    pycache.write("m", "x = 1"); pycache.compile("m", mode="checked-hash")
    pycache.touch("m", "+1h")
    assert pycache.import_("m").hit and not pycache.changes()

@pytest.mark.interpreters("3.9", "3.13")
def test_other_python_recompiles_nothing(pycache, interpreter):
    pycache.write("m", "x = 1"); pycache.run("import m", python=interpreter)
    assert pycache.run("import m", python=interpreter)["m"].hit

def test_dash_B_reads_but_never_writes(pycache):
    pycache.write("m", "x = 1")
    e = pycache.run("import m", flags=["-B"])["m"]
    assert e.miss and not e.written and e.why.code == "write_disabled"

def test_readonly_dir(pycache):
    pycache.write("m", "x = 1"); pycache.readonly(".")
    assert pycache.import_("m").why.code == "dir_not_writable"

def test_my_tool_leaves_caches_alone(pycache_audit):
    run_my_tool()
    assert pycache_audit.rewritten == []
"""
