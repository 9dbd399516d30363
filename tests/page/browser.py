# SPDX-License-Identifier: MIT
"""A headless Chromium, and a belay-demo for it to look at.

Chromium is spoken to over a pipe, in its DevTools protocol: no package beyond
chromium and Python's own library is needed.
"""

import base64
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time


def find():
    """Returns the path of a Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return shutil.which(name)
    return None


class Browser:
    def __init__(self, path, width=1280, height=720):
        self.folder = tempfile.mkdtemp(prefix="belay-page.")
        to_it, from_us = os.pipe()
        from_it, to_us = os.pipe()
        high = [os.dup2(fd, 40 + i) for i, fd in enumerate((to_it, to_us))]

        def set_up():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [path, "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
             "--disable-gpu", "--no-first-run", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--user-data-dir=" + self.folder,
             f"--window-size={width},{height}", "about:blank"],
            preexec_fn=set_up, pass_fds=(3, 4), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        for fd in (to_it, to_us, *high):
            os.close(fd)
        self.write, self.read = from_us, from_it
        self.count, self.rest, self.session = 0, b"", None
        page = [target for target in self.call("Target.getTargets")["targetInfos"]
                if target["type"] == "page"][0]
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=page["targetId"])["sessionId"]
        self.call("Page.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)

    def call(self, method, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 60
        while True:
            answer = self.receive(end)
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def receive(self, end):
        while b"\0" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.read], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.read, 1 << 20)
            if not data:
                raise EOFError("the browser has gone")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def run(self, script):
        """Returns what a JavaScript expression gives, promises kept."""
        answer = self.call("Runtime.evaluate", expression=script,
                           returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(script + ": " + json.dumps(
                answer["exceptionDetails"].get("exception", answer)))
        return answer["result"].get("value")

    def until(self, script, seconds=30):
        """Waits until it is true, and fails if that takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.run(script)
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"never: {script}")

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && typeof frame !== 'undefined' && frame !== null")

    def press(self, key):
        """As on a keyboard."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, text=key
                      if kind == "keyDown" and len(key) == 1 else "",
                      windowsVirtualKeyCode={"Tab": 9, "Enter": 13}.get(
                          key, ord(key[0].upper())))

    def click(self, element):
        box = self.run(f"(() => {{ const b = document.getElementById('{element}')"
                       ".getBoundingClientRect(); return [b.x + b.width / 2,"
                       " b.y + b.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1],
                      button="left", clickCount=1)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name}])

    def picture(self):
        return base64.b64decode(
            self.call("Page.captureScreenshot", format="png")["data"])

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.write)
        os.close(self.read)
        shutil.rmtree(self.folder, ignore_errors=True)


class Demo:
    def __init__(self, *command):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*command, "--port", "0"], stdout=subprocess.PIPE,
            stderr=self.log, text=True)
        self.said = ""
        while "http://" not in self.said:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("belay-demo does not start: " + self.said
                                   + self.logged())
            self.said += line
        self.url = re.search(r"http://[0-9.:]+/", self.said)[0]

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        """Returns its exit code; the rest of what it said is in `said`."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.said += self.process.communicate(timeout=30)[0]
        finally:
            self.process.kill()
            self.process.wait()
        return self.process.returncode
