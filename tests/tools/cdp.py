"""Drives a headless Chromium as a person would: by what is on the page, with real clicks and keys.

Speaks the DevTools protocol over the browser's own pipe (messages end with NUL), so nothing but Chromium and Python
is needed and nothing listens.
"""

import base64
import collections
import fcntl
import json
import os
import select
import subprocess
import tempfile
import time

TIMEOUT = 20
FLAGS = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--password-store=basic",
]

# What a person can act on: shown, and by the words on it.
FIND = """(what, kind) => {
  const shown = e => e.offsetParent !== null || e.tagName === 'SUMMARY';
  const words = e => (kind === 'label' ? e.firstChild.textContent : e.innerText).trim();
  return [...document.querySelectorAll(kind)].find(e => shown(e) && words(e) === what);
}"""


class Failed(Exception):
    """The page is not what it should be."""


class Chromium:
    """One browser; each `person` has cookies of their own."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="atomation-browser-")
        flags = [*FLAGS, f"--user-data-dir={self.folder.name}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        theirs_in, self.out = os.pipe()
        self.inp, theirs_out = os.pipe()
        # The browser reads descriptor 3 and writes 4; ours must not be those while they are moved there.
        theirs_in, theirs_out = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out))

        def hand_over():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self.process = subprocess.Popen(
            [program, *flags],
            pass_fds=(3, 4),
            preexec_fn=hand_over,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer, self.answers, self.last = b"", {}, 0
        self.said = collections.deque(maxlen=100)

    def send(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT
        while self.last not in self.answers:
            self.receive(deadline - time.monotonic())
        answer = self.answers.pop(self.last)
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def receive(self, seconds):
        ready, _, _ = select.select([self.inp], [], [], max(seconds, 0))
        chunk = os.read(self.inp, 1 << 20) if ready else b""
        if not chunk:
            raise Failed("the browser does not answer")
        *messages, self.buffer = (self.buffer + chunk).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.said.append(message)

    def person(self, name):
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context, width=1200, height=900)
        session = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        page = Page(self, session, name)
        page.send("Page.enable")
        return page

    def close(self):
        try:
            self.send("Browser.close")
            self.process.wait(10)
        except (Failed, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


class Page:
    """What one person has in front of them."""

    def __init__(self, browser, session, name):
        self.browser, self.session, self.name = browser, session, name

    def send(self, method, **params):
        return self.browser.send(method, self.session, **params)

    def run(self, script):
        """The value of a script's expression."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failed(f"{self.name}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    def until(self, script, what):
        """Waits for a script to be true: pages come and go meanwhile."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            try:
                if self.run(script):
                    return
            except Failed:
                pass
            time.sleep(0.05)
        raise Failed(f"{self.name} waited for {what} at {self.url()}; the page says: {self.text()[:800]}")

    def url(self):
        return self.run("location.href")

    def text(self):
        return self.run("document.body.innerText")

    def goes_to(self, url):
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'", url)

    def sees(self, *words):
        """Every one of the words is on the page, now or soon."""
        wanted = json.dumps(words)
        self.until(f"{wanted}.every(w => document.body && document.body.innerText.includes(w))", " and ".join(words))

    def sees_not(self, word):
        if word in self.text():
            raise Failed(f"{self.name} sees {word!r} at {self.url()}")

    def acts(self, finder, what):
        """Clicks the middle of an element, which must be what is under the pointer there."""
        self.until(f"!!({finder})", what)
        spot = self.run(
            f"""(() => {{
              const e = {finder};
              e.scrollIntoView({{block: 'center'}});
              const r = e.getClientRects()[0];
              const [x, y] = [r.left + r.width / 2, r.top + r.height / 2];
              const top = document.elementFromPoint(x, y);
              return e === top || e.contains(top) || top.contains(e) ? [x, y] : null;
            }})()"""
        )
        if spot is None:
            raise Failed(f"{self.name} cannot reach {what} at {self.url()}: something lies over it")
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1)

    def clicks(self, words, kind="button, a"):
        """Clicks a button or a link by its words, and waits for the page that follows."""
        self.run("window.before = true")
        self.acts(f"({FIND})({json.dumps(words)}, {json.dumps(kind)})", repr(words))
        self.until("window.before === undefined && document.readyState === 'complete'", f"the page after {words!r}")

    def opens(self, words):
        """Opens a fold of the page."""
        self.acts(f"({FIND})({json.dumps(words)}, 'summary')", repr(words))

    def types(self, label, text):
        """Types into the field with this label, in place of what is there."""
        field = f"({FIND})({json.dumps(label)}, 'label')"
        # A label names its field by standing around it or by `for`.
        field = f"(l => l && (l.control || l.querySelector('input')))({field})"
        self.acts(field, f"the field {label!r}")
        self.run(f"{field}.select()")
        self.send("Input.insertText", text=text)

    def posts(self, action, fields):
        """What a page of another site makes the browser do: posts a form across sites."""
        self.run("window.before = true")
        self.run(
            f"""(() => {{
              const form = Object.assign(document.createElement('form'), {{method: 'post', action: {json.dumps(action)}}});
              for (const [name, value] of Object.entries({json.dumps(fields)}))
                form.append(Object.assign(document.createElement('input'), {{type: 'hidden', name, value}}));
              document.body.append(form);
              form.submit();
            }})()"""
        )
        self.until("window.before === undefined && document.readyState === 'complete'", f"the answer of {action}")

    def shot(self, file):
        """A picture of the whole page."""
        image = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(image["data"]))
