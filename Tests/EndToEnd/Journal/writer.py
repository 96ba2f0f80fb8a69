#!/usr/bin/python3
"""Writes stamped sectors over NBD and journals every issue and acknowledgement.

usage: writer.py URI JOURNAL OFFSET LENGTH DEPTH SEED [COUNT]

A stamp fills a 4 KiB sector with its write's number. Writes in flight never overlap, so the sectors of an image say
exactly which writes it holds. The journal's lines, each written before the thing it announces may take effect or after
it surely has, carry CLOCK_MONOTONIC nanoseconds:

    I number nanoseconds sector count flags     a write is about to be issued (flags: F for FUA, - for none)
    A number nanoseconds                        it was acknowledged
    i number nanoseconds / a number nanoseconds the same for a flush
    E number nanoseconds errno                  it failed: nothing is known about it
    X nanoseconds                               the connection was lost; a new one is opened

It never pauses: when the server goes away it reconnects until the file JOURNAL.stop appears. Where the file JOURNAL.may is there, no write
has a greater number than the one in it.
"""
import os
import random
import struct
import sys
import time

import nbd

SECTOR = 4096


def stamp(number, sector):
    return struct.pack("<QQ", number, sector) * (SECTOR // 16)


class Writer:
    def __init__(self, uri, journal, offset, length, depth, seed, count):
        self.uri, self.offset, self.depth, self.count = uri, offset, depth, count
        self.sectors = length // SECTOR
        self.random = random.Random(seed)
        self.journal = open(journal, "w", buffering=1)
        self.stop = journal + ".stop"
        self.may = journal + ".may"
        self.allowed = 0
        self.number = 0
        self.busy = set()
        self.in_flight = 0
        self.broken = False

    def note(self, *fields):
        self.journal.write(" ".join(str(f) for f in fields) + "\n")

    def done(self, kind, number, sectors):
        def callback(error):
            now = time.monotonic_ns()
            value = getattr(error, "value", error)
            self.note(kind, number, now) if not value else self.note("E", number, now, value)
            self.broken = self.broken or bool(value)
            self.busy.difference_update(sectors)
            self.in_flight -= 1
            return 1
        return callback

    def issue(self, handle):
        self.number += 1
        if self.number % 64 == 0:
            self.note("i", self.number, time.monotonic_ns())
            self.in_flight += 1
            handle.aio_flush(completion=self.done("a", self.number, ()))
            return
        while True:
            count = self.random.choice((1, 1, 1, 2, 4, 16))
            first = self.random.randrange(self.sectors - count)
            touched = range(first, first + count)
            if self.busy.isdisjoint(touched):
                break
        self.busy.update(touched)
        data = nbd.Buffer.from_bytearray(bytearray(b"".join(stamp(self.number, s) for s in touched)))
        fua = self.number % 97 == 0
        self.note("I", self.number, time.monotonic_ns(), first, count, "F" if fua else "-")
        self.in_flight += 1
        handle.aio_pwrite(data, self.offset + first * SECTOR, completion=self.done("A", self.number, touched),
                          flags=nbd.CMD_FLAG_FUA if fua else 0)

    def may_issue(self):
        if self.count and self.number >= self.count:
            return False
        if self.number >= self.allowed:
            try:
                with open(self.may) as file:
                    self.allowed = int(file.read())
            except FileNotFoundError:
                self.allowed = sys.maxsize
        return self.number < self.allowed

    def session(self):
        handle = nbd.NBD()
        handle.connect_uri(self.uri)
        self.broken = False
        try:
            while not self.broken and not os.path.exists(self.stop):
                while self.in_flight < self.depth and self.may_issue():
                    self.issue(handle)
                if self.in_flight:
                    handle.poll(100)
                elif self.count and self.number >= self.count:
                    break
                else:
                    time.sleep(0.02)
            while not self.broken and self.in_flight:
                handle.poll(100)
        finally:
            # Commands that were in flight when the connection broke are unknown; their sectors may be written again.
            self.note("X", time.monotonic_ns())
            self.in_flight = 0
            self.busy.clear()
            handle.close() if hasattr(handle, "close") else None

    def run(self):
        while not os.path.exists(self.stop) and (not self.count or self.number < self.count):
            try:
                self.session()
            except nbd.Error:
                time.sleep(0.02)


if __name__ == "__main__":
    if len(sys.argv) not in (7, 8):
        sys.exit(__doc__)
    Writer(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]),
           int(sys.argv[7]) if len(sys.argv) == 8 else 0).run()
