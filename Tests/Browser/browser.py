"""Headless Chromium for the tests: one session, a few verbs, and everything the page complained about."""

import base64
import os
import shutil
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import png

PATIENCE = 15


class Browser:
    """A window of so many CSS pixels. `scheme` is what the system prefers: "dark" or "light"."""

    def __init__(self, width=1280, height=900, scheme="dark"):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
        for argument in _arguments():
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_script_timeout(60)
        self.resize(width, height)
        self.prefer(scheme)

    def close(self):
        self.driver.quit()

    def resize(self, width, height, scale=1):
        """The viewport itself, as a device of that size has it: a window cannot be narrower than 500 pixels."""
        self.command("Emulation.setDeviceMetricsOverride",
                     {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False})

    def prefer(self, scheme, motion="no-preference"):
        features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion}]
        self.command("Emulation.setEmulatedMedia", {"features": features})

    def command(self, name, parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def open(self, url):
        self.driver.get("about:blank")  # Else a change behind "#" alone would load nothing.
        self.driver.get(url)

    def leave(self):
        """Closes the page, before its server goes; what it complained about."""
        self.driver.get("about:blank")
        return self.complaints()

    def run(self, script, *arguments):
        """The body of a function in the page; its value."""
        return self.driver.execute_script(script, *arguments)

    def resolve(self, expression, *arguments):
        """The value of an asynchronous expression in the page, which may `await`; `arguments` is what it was given."""
        script = ("const done = arguments[arguments.length - 1]; (async (...given) => (" + expression + "))(...arguments)"
                  ".then(value => done({value}), error => done({error: String(error)}));")
        answer = self.driver.execute_async_script(script, *arguments)
        if "error" in answer:
            raise AssertionError(f"{expression[:80]}: {answer['error']}")
        return answer.get("value")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? null", selector)

    def wait(self, what, condition, patience=PATIENCE):
        """Until `condition()` is true, and its value; fails with `what` was waited for."""
        deadline = time.monotonic() + patience
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"after {patience} s still waiting for: {what}; the page says: {self.text('body')[:400]!r}")
            time.sleep(0.05)
        return value

    def wait_for_picture(self, product, patience=PATIENCE):
        script = """const shown = [...document.querySelectorAll('#quad .cell img')];
            return shown.length === 4 && shown.every(image => image.complete && image.naturalWidth > 0)
                && document.querySelector('.centre-name').textContent === arguments[0];"""
        self.wait(f"the picture of {product}", lambda: self.run(script, product), patience)

    def screenshot(self, path=None):
        """What is on the screen, as PNG bytes; also written to `path`."""
        data = base64.b64decode(self.command("Page.captureScreenshot", {"format": "png"})["data"])
        if path:
            with open(path, "wb") as file:
                file.write(data)
        return data

    def pixels(self):
        """What is on the screen: (x, y) → (red, green, blue)."""
        pixels, width, _, channels = png.decode(self.screenshot())
        return lambda x, y: tuple(pixels[(y * width + x) * channels :][:3])

    def complaints(self):
        """Errors and warnings on the console since the last call, refused content included."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def _arguments():
    arguments = ["--headless=new", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb", "--no-first-run",
                 "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"]
    # Chromium refuses its own sandbox to root; the tests open nothing but their own pages.
    return arguments + (["--no-sandbox"] if os.geteuid() == 0 else [])
