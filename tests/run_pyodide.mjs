// Runs one Python script under Pyodide as if it were a native interpreter:
// standard input in, standard output out. See tests/oracles.py.
import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const settings = JSON.parse(process.argv[2]);
const request = readFileSync(0, "utf-8"); // before Pyodide makes the pipe non-blocking
const { loadPyodide } = await import(join(settings.package, "pyodide.mjs"));
const pyodide = await loadPyodide({
  packageCacheDir: settings.package,
  args: settings.arguments,
  env: { HOME: "/", ...settings.environment },
});
for (const directory of settings.directories) {
  pyodide.FS.mkdirTree(directory);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: directory }, directory);
}
pyodide.FS.writeFile("/oracle_script.py", readFileSync(settings.script));
pyodide.globals.set("_request", request);
process.on("uncaughtException", (error) => {
  // Without this node prints the source line: all of Pyodide is one line.
  writeSync(2, `${error.message}\n${error.stack?.slice(-2000)}\n`);
  process.exit(1);
});
const answer = pyodide.runPython(`
import importlib as _importlib, io as _io, runpy as _runpy, sys as _sys
_importlib.invalidate_caches()  # PYTHONPATH may name a directory mounted just now
_sys.stdin, _out = _io.StringIO(_request), _io.StringIO()
_stdout, _sys.stdout = _sys.stdout, _out
try:
    _runpy.run_path("/oracle_script.py", run_name="__main__")
finally:
    _sys.stdout = _stdout
_out.getvalue()
`);
process.stdout.write(answer);
