"""Reads messages as Python's `email` does, and checks their signatures with dkimpy.

Standard input: lines of JSON with `data`, a message in base64. Arguments: the public record of DNS, if there is one.
Standard output: a line of JSON for each message.
"""

import base64
import email
import email.policy
import hashlib
import json
import sys

import dkim


def describe(part):
    content = part.get_content()
    raw = content.encode() if isinstance(content, str) else content
    return {
        "type": part.get_content_type(),
        "filename": part.get_filename(),
        "text": content if isinstance(content, str) else None,
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


def examine(raw, record):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    defects = [repr(defect) for part in message.walk() for defect in part.defects]
    defects += [repr(defect) for value in message.values() for defect in getattr(value, "defects", ())]
    asked = []

    def dns(name, timeout=5):
        asked.append(name.decode())
        return record.encode() if record else None

    return {
        "headers": [name.lower() for name in message.keys()],
        "subject": message["subject"],
        "from": [[a.display_name, a.addr_spec] for a in message["from"].addresses],
        "to": [[a.display_name, a.addr_spec] for a in message["to"].addresses] if message["to"] else [],
        "cc": [[a.display_name, a.addr_spec] for a in message["cc"].addresses] if message["cc"] else [],
        "reply_to": [[a.display_name, a.addr_spec] for a in message["reply-to"].addresses] if message["reply-to"] else [],
        "message_id": message["message-id"],
        "unsubscribe": message["list-unsubscribe"],
        "unsubscribe_post": message["list-unsubscribe-post"],
        "parts": [describe(part) for part in parts],
        "defects": defects,
        "ascii": raw.isascii(),
        "longest_line": max(len(line) for line in raw.split(b"\r\n")),
        "signed": dkim.verify(raw, dnsfunc=dns) if record else None,
        "asked": asked,
        "tampered": dkim.verify(raw.replace(b"From:", b"From: x@example.org\r\nFrom:", 1), dnsfunc=dns) if record else None,
    }


record = sys.argv[1] if len(sys.argv) > 1 else None
for line in sys.stdin:
    print(json.dumps(examine(base64.b64decode(json.loads(line)["data"]), record)))
