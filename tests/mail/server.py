"""A mail server whose answers are written in the addresses, and which counts for itself.

An address is `fate-anything@domain`. The fates:

    ok              accepted
    rcptNNN         refused with NNN after RCPT, always
    rcptNNNxK       refused with NNN after RCPT K times, then accepted
    dataNNN         refused with NNN after the message, always
    dataNNNxK       refused with NNN after the message K times, then accepted
    drop            the connection ends after the message, without an answer; the next copy is accepted
    cutoff          the connection ends after DATA, before the message; the next copy is accepted
    stall           accepted after some seconds of thinking, the first time

Every message that arrives becomes a line of JSON in the record: sender, recipients, what became of it, and its bytes.
The port is the first line on the standard output.
"""

import argparse
import asyncio
import base64
import json
import re
import ssl
from collections import Counter

from aiosmtpd.smtp import SMTP, AuthResult

FATE = re.compile(r"^(rcpt|data)(\d{3})(?:x(\d+))?$")
TEXTS = {
    "421": "4.7.0 Too many messages, slow down",
    "450": "4.2.0 Mailbox busy",
    "451": "4.3.0 Local error",
    "454": "4.7.0 Temporary failure",
    "550": "5.1.1 No such user",
    "552": "5.2.2 Mailbox full",
    "554": "5.6.0 Content refused",
}


class Handler:
    def __init__(self, record, stall):
        self.record, self.stall = record, stall
        self.seen = Counter()

    def answer(self, stage, address):
        """The refusal that the address asks for at that stage, if its turn has come."""
        fate = address.split("@")[0].split("-")[0]
        match = FATE.match(fate)
        if not match or match[1] != stage:
            return None
        self.seen[stage, address] += 1
        if match[3] and self.seen[stage, address] > int(match[3]):
            return None
        return f"{match[2]} {TEXTS[match[2]]}"

    def first(self, fate, addresses):
        mine = [a for a in addresses if a.split("@")[0].split("-")[0] == fate]
        fresh = [a for a in mine if not self.seen[fate, a]]
        for address in mine:
            self.seen[fate, address] += 1
        return bool(fresh)

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = self.answer("rcpt", address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 Ok"
        if refusal.startswith("421"):
            asyncio.get_running_loop().call_later(0.02, server.transport.close)
        return refusal

    async def handle_DATA(self, server, session, envelope):
        refusal = next(filter(None, (self.answer("data", a) for a in envelope.rcpt_tos)), None)
        stalls = self.first("stall", envelope.rcpt_tos)
        drops = self.first("drop", envelope.rcpt_tos)
        became = "refused" if refusal else "dropped" if drops else "stalled" if stalls else "accepted"
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "became": became,
            "encrypted": bool(session.ssl or server.transport.get_extra_info("sslcontext")),
            "user": (session.auth_data or b"").decode() if session.authenticated else None,
            "data": base64.b64encode(envelope.content).decode(),
        }
        self.record.write(json.dumps(line) + "\n")
        self.record.flush()
        if refusal:
            return refusal
        if stalls:
            await asyncio.sleep(self.stall)
        if drops:
            server.transport.abort()
        return "250 2.0.0 Ok: queued"


class Server(SMTP):
    greeting_delay = 0.0

    async def _handle_client(self):
        await asyncio.sleep(self.greeting_delay)
        await super()._handle_client()

    async def smtp_DATA(self, arg):
        if self.event_handler.first("cutoff", self.envelope.rcpt_tos):
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


def authenticate(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"gotong", "s\u00e4cret/1".encode())
    return AuthResult(success=good, handled=good, auth_data=data.login)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", required=True)
    parser.add_argument("--greeting-delay", type=float, default=0.0)
    parser.add_argument("--stall", type=float, default=600.0)
    parser.add_argument("--certificate", help="a file with certificate and key; then TLS and a password are required")
    parser.add_argument("--wrapped", action="store_true", help="TLS from the first byte")
    options = parser.parse_args()
    handler = Handler(open(options.record, "a", encoding="utf-8"), options.stall)
    Server.greeting_delay = options.greeting_delay
    more, wrapper = {}, None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)
        more = {"auth_required": True, "authenticator": authenticate, "auth_require_tls": not options.wrapped}
        if options.wrapped:
            wrapper = context
        else:
            more |= {"tls_context": context, "require_starttls": True}

    def make():
        return Server(handler, hostname="mail.test", data_size_limit=40_000_000, enable_SMTPUTF8=False, **more)

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=wrapper)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
