#!/usr/bin/env python3
"""vmwatch.py - starts one QEMU (argv after --), watches its serial transcript.

Used by boot.sh. Prints "stage NAME SECONDS" as patterns appear and "shot FILE
SECONDS" for each screenshot, runs a key script over QMP, and ends the VM, also
when it is ended itself. Exit status: 0 --until seen, 1 --fail seen, 124 timeout,
3 QEMU ended by itself.
"""
import argparse, json, os, re, signal, socket, subprocess, sys, threading, time

ANSI = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]|[\r\x00\x07\x0f\x0e]")


class Qmp:
    """Just enough QMP: connect lazily, one command at a time."""

    def __init__(self, path):
        self.path, self.file, self.lock = path, None, threading.Lock()

    def cmd(self, name, **args):
        with self.lock:
            if not self.file:
                s = socket.socket(socket.AF_UNIX)
                s.settimeout(30)
                s.connect(self.path)
                self.file = s.makefile("rw")
                self.file.readline()
                self._send({"execute": "qmp_capabilities"})
            return self._send({"execute": name, "arguments": args})

    def _send(self, message):
        self.file.write(json.dumps(message) + "\n")
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise OSError("QMP closed")
            reply = json.loads(line)
            if "return" in reply or "error" in reply:
                return reply

    def shot(self, path):
        reply = self.cmd("screendump", filename=os.path.abspath(path), format="png")
        if "error" in reply:
            print("screenshot failed:", reply["error"].get("desc"), file=sys.stderr)

    def key(self, name):
        keys = [{"type": "qcode", "data": k} for k in name.split("-")]
        self.cmd("send-key", keys=keys)


SHIFT = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;'<>/"))
QCODE = {" ": "spc", "-": "minus", "=": "equal", "/": "slash", ".": "dot", ",": "comma", ";": "semicolon",
         "'": "apostrophe", "\\": "backslash", "[": "bracket_left", "]": "bracket_right", "`": "grave_accent"}
SHIFT.update({"<": ",", ">": "."})


def type_text(qmp, text):
    for c in text:
        base = SHIFT.get(c, c.lower())
        code = QCODE.get(base, base)
        qmp.key("shift-" + code if c in SHIFT or c.isupper() else code)
        time.sleep(0.05)


def run_keys(spec, qmp, seen, stop, t0, go):
    """KEY | wait:SECONDS | until:REGEX | go | text:STRING | shot:FILE, one after the other."""
    for word in spec.split():
        kind, _, arg = word.partition(":")
        if kind == "wait":
            stop.wait(float(arg))
        elif kind == "until":
            while not stop.is_set() and not re.search(arg, seen["text"]):
                stop.wait(0.1)
        elif kind == "go":
            while not stop.is_set() and not os.path.exists(go):
                stop.wait(0.1)
        elif kind == "shot":
            qmp.shot(arg)
            print("shot %s %.1f" % (arg, time.time() - t0), flush=True)
        elif kind == "text":
            type_text(qmp, arg)
        else:
            qmp.key(word)
            stop.wait(0.15)
        if stop.is_set():
            return


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--serial", required=True)
    ap.add_argument("--qmp", required=True)
    ap.add_argument("--until", required=True)
    ap.add_argument("--fail", default="")
    ap.add_argument("--timeout", type=float, default=120)
    ap.add_argument("--stage", action="append", default=[])
    ap.add_argument("--keys", default="")
    ap.add_argument("--screenshot", default="")
    ap.add_argument("--settle", type=float, default=0)
    ap.add_argument("command", nargs="+")
    a = ap.parse_args()
    stages = [s.partition("=")[::2] for s in a.stage]
    until, fail = re.compile(a.until, re.M), re.compile(a.fail, re.M) if a.fail else None

    open(a.serial, "w").close()
    if os.path.exists(a.serial + ".go"):
        os.remove(a.serial + ".go")
    t0 = time.time()
    with open(a.serial + ".t0", "w") as f:
        f.write("%.6f\n" % t0)
    vm = subprocess.Popen(a.command, stdin=subprocess.DEVNULL)

    def end(*_):
        vm.terminate()
        try:
            vm.wait(5)
        except subprocess.TimeoutExpired:
            vm.kill()
        os._exit(143)

    signal.signal(signal.SIGTERM, end)
    qmp, seen, stop = Qmp(a.qmp), {"text": ""}, threading.Event()
    if a.keys:
        threading.Thread(target=run_keys, args=(a.keys, qmp, seen, stop, t0, a.serial + ".go"), daemon=True).start()

    raw, timed, rc, verdict = "", open(a.serial + ".timed", "w", buffering=1), None, ""
    with open(a.serial, "r", encoding="utf-8", errors="replace", newline="") as f:
        while rc is None:
            chunk, now = f.read(), time.time() - t0
            if chunk:
                raw += chunk
                seen["text"] = text = ANSI.sub("", raw)
                timed.write("[%7.2f] " % now + ANSI.sub("", chunk).rstrip("\n").replace("\n", "\n          ") + "\n")
                for name, pattern in list(stages):
                    if re.search(pattern, text, re.M):
                        print("stage %s %.1f" % (name, now), flush=True)
                        stages.remove((name, pattern))
                if until.search(text):
                    rc, verdict = 0, "OK"
                elif fail and fail.search(text):
                    rc, verdict = 1, "FAIL"
            elif now > a.timeout:
                rc, verdict = 124, "TIMEOUT"
            elif vm.poll() is not None:
                rc, verdict = 3, "QEMU-ENDED"
            else:
                time.sleep(0.05)
    stop.set()
    match = (until if rc == 0 else fail).search(seen["text"]).group(0) if rc in (0, 1) else ""
    print("%s %.1f s %s" % (verdict, time.time() - t0, match.strip()), flush=True)
    if rc:
        print("--- end of the serial transcript:", *seen["text"].splitlines()[-15:], sep="\n", file=sys.stderr)
    try:
        if a.screenshot:
            time.sleep(a.settle if rc == 0 else 0)
            qmp.shot(a.screenshot)
            print("shot %s %.1f" % (a.screenshot, time.time() - t0), flush=True)
        if vm.poll() is None:
            qmp.cmd("quit")
    except OSError:
        pass
    try:
        vm.wait(5)
    except subprocess.TimeoutExpired:
        vm.kill()
    sys.exit(rc)


main()
