#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives kvserver with rounds of requests of every kind; usable as a program and as a module."""
import argparse
import http.client
import time

KEYS = 120

# Which requests reach a place (the numbers of place.h) beyond those that every request reaches.
KIND_OF_PLACE = {
    1: "connect", 2: "get", 3: "get", 4: "get", 5: "get", 6: "put", 7: "list", 8: "get", 9: "get",
    10: "fail", 11: "session", 12: "session", 13: "session", 14: "session", 15: "create",
    16: "create", 17: "put", 18: "list", 19: "get", 20: "get",
}


class Driver:
    """One user agent with a connection that stays open beside those that it opens and closes."""

    def __init__(self, port):
        self.port = port
        self.serial = 0
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, body=None, headers=None, connection=None):
        connection = connection or self.connection
        connection.request(method, path, body.encode() if body else None, headers or {})
        return connection.getresponse().read().decode()

    def connect(self):
        other = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.ask("GET", "/keys/key-1", connection=other)
        other.close()

    def put(self):
        number = self.serial % KEYS
        self.ask("PUT", f"/keys/key-{number}", "value " * (5 + number % 20))

    def get(self):
        self.ask("GET", f"/keys/key-{self.serial % KEYS}")

    def create(self):
        key = f"/keys/passing-visitor-{self.serial % 1000:04}"
        self.ask("PUT", key, "short-lived")
        self.ask("DELETE", key)

    def list(self):
        self.ask("GET", "/keys?key%2d1&page=1&order=ascending&columns=name,size")

    def fail(self):
        self.ask("GET", "/nowhere/at/all")

    def session(self):
        token = self.ask("POST", "/sessions", f"visitor-{self.serial % 1000:04}@example.org")
        self.ask("GET", "/keys/key-2", headers={"Session": token})
        self.ask("DELETE", f"/sessions/{token}")

    def stats(self):
        words = self.ask("GET", "/stats").split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def rounds(self, count, busy=(), factor=10):
        """Every kind of request once a round, the busy ones more often; ends when all is closed."""
        for _ in range(count):
            self.serial += 1
            for kind in ("connect", "put", "get", "create", "list", "fail", "session"):
                for _ in range(factor if kind in busy else 1):
                    getattr(self, kind)()
        while self.stats()["connections"] > 1:
            time.sleep(0.001)

    def stop(self):
        self.ask("DELETE", "/server")
        self.connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--stop", action="store_true", help="stop the server in the end")
    options = parser.parse_args()
    driver = Driver(options.port)
    driver.rounds(options.rounds)
    if options.stop:
        driver.stop()


if __name__ == "__main__":
    main()
