"""Takes the pictures in this folder: every template in both languages, in the inbox of the local mail server, on a phone
and beside it on a desktop, in light and in dark.

    cargo xtask up --detach
    set -a; . .gotong/env; set +a
    python3 docs/email/take.py

Each e-mail is sent by the platform itself. Chromium takes the pictures.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

API, KEY, INBOX = (os.environ[name] for name in ("GOTONG_URL", "GOTONG_API_KEY", "MAIL_INBOX_URL"))
HERE = pathlib.Path(__file__).parent
# A phone, and beside it a window on a desktop.
SIZES = [(390, 760), (760, 760)]
# Chromium's numbers for prefers-color-scheme.
SCHEMES = {"dark": 0, "light": 1}


def ask(url, body=None, key=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return json.load(answer)


def send(template, locale):
    use = {"name": template["name"], "locale": locale, "variables": template["samples"][locale]}
    to = [{"address": "siti@example.org", "name": "Siti Rahma"}]
    return ask(f"{API}/api/v1/emails", {"to": to, "template": use}, KEY)["message_id"].strip("<>")


def found(message_id):
    """The address of a message's HTML in the inbox, when it has come."""
    for _ in range(300):
        for mail in ask(f"{INBOX}/email"):
            if mail["headers"].get("message-id", "").strip("<>") == message_id:
                return f"{INBOX}/email/{mail['id']}/html"
        time.sleep(0.2)
    raise SystemExit(f"{message_id} did not come")


def take(url, name, folder):
    html = urllib.request.urlopen(url, timeout=30).read().decode()
    page = pathlib.Path(folder) / "mail.html"
    page.write_text(html, encoding="utf-8")
    frames = "".join(
        f"<iframe style='width:{width}px;height:{height}px' src='{page.as_uri()}'></iframe>" for width, height in SIZES
    )
    frame = pathlib.Path(folder) / "frame.html"
    style = "<meta name=color-scheme content='light dark'><style>body{margin:0;display:flex;gap:16px}iframe{border:0}</style>"
    frame.write_text(f"<!doctype html>{style}{frames}", encoding="utf-8")
    for scheme, number in SCHEMES.items():
        command = [
            shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--force-device-scale-factor=1", f"--window-size={sum(width for width, _ in SIZES) + 16},{SIZES[0][1]}",
            f"--blink-settings=preferredColorScheme={number}", f"--screenshot={HERE / f'{name}-{scheme}.png'}",
            f"--user-data-dir={folder}/profile", frame.as_uri(),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def main():
    templates = ask(f"{API}/api/v1/email-templates", key=KEY)["data"]
    with tempfile.TemporaryDirectory() as folder:
        for template in templates:
            for locale in template["locales"]:
                name = f"{template['name']}.{locale}"
                take(found(send(template, locale)), name, folder)
                print(name)


main()
