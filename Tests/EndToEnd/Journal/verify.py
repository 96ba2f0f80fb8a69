#!/usr/bin/python3
"""Proves from a writer's journal that an image is a prefix of the write order (I3, M2.8).

usage: verify.py URI_OR_FILE JOURNAL OFFSET LENGTH [BEFORE_NS AFTER_NS]

BEFORE_NS and AFTER_NS are CLOCK_MONOTONIC times just before a snapshot was requested and just after its reply. The
image must be the effect of a set S of the journalled writes such that
  - S is closed: no write in S was issued after a write outside S had been acknowledged;
  - every write acknowledged before BEFORE_NS is in S, and none issued after AFTER_NS is.
Without the times the image must hold every write whose acknowledgement a later acknowledged flush or FUA covers.
A sector whose stamp no write ever made, or a write that is torn between its sectors, is an error of its own.
Prints one JSON object; exits 1 on any violation.
"""
import json
import struct
import sys

SECTOR = 4096
FOREVER = 1 << 63


def load(journal):
    writes, acks, flushes, flush_acks, unknown = {}, {}, {}, {}, set()
    session, sessions = 0, {}
    for line in open(journal):
        f = line.split()
        if not f or not line.endswith("\n"):
            continue
        if f[0] == "I":
            writes[int(f[1])] = (int(f[2]), int(f[3]), int(f[4]), f[5] == "F")
            sessions[int(f[1])] = session
        elif f[0] == "A":
            acks[int(f[1])] = int(f[2])
        elif f[0] == "i":
            flushes[int(f[1])] = int(f[2])
        elif f[0] == "a":
            flush_acks[int(f[1])] = int(f[2])
        elif f[0] == "E":
            unknown.add(int(f[1]))
        elif f[0] == "X":
            session += 1
    return writes, acks, flushes, flush_acks, sessions


def read_region(source, offset, length):
    if "://" not in source:
        with open(source, "rb") as image:
            image.seek(offset)
            return image.read(length)
    import nbd
    handle = nbd.NBD()
    handle.connect_uri(source)
    pieces = [handle.pread(min(1 << 20, length - at), offset + at) for at in range(0, length, 1 << 20)]
    handle.shutdown()
    return b"".join(pieces)


def main(source, journal, offset, length, before, after):
    writes, acks, flushes, flush_acks, sessions = load(journal)
    data = read_region(source, offset, length)
    problems = []

    last = {}
    for sector in range(length // SECTOR):
        piece = data[sector * SECTOR:(sector + 1) * SECTOR]
        number, where = struct.unpack_from("<QQ", piece)
        if piece != struct.pack("<QQ", number, where) * (SECTOR // 16) or (number and where != sector):
            problems.append(f"sector {sector}: its bytes are no stamp of any write to it")
            continue
        if number and (number not in writes or not writes[number][1] <= sector < writes[number][1] + writes[number][2]):
            problems.append(f"sector {sector}: carries write {number}, which was never made there")
            continue
        last[sector] = number

    # Every write's sectors are looked up; overlapping writes were never in flight together within one session, so the
    # order of their numbers is the order of their effect. A write whose connection broke is unknown until the image shows it.
    touched = {}
    for number in sorted(writes):
        _, first, count, _ = writes[number]
        for sector in range(first, first + count):
            touched.setdefault(sector, []).append(number)
    inside, outside = set(), set()
    for sector, numbers in touched.items():
        if sector not in last:
            continue
        shown = last[sector]
        for number in numbers:
            if number == shown:
                inside.add(number)
            elif number > shown:
                outside.add(number)
    # Hidden by a newer write everywhere it reached: it does not matter whether it is in the set, so closure decides nothing.
    for number in inside & outside:
        if acks.get(number, FOREVER) < FOREVER:
            problems.append(f"write {number} is torn: some of its sectors hold it, others something older")
    outside -= inside

    newest_issue = max(((writes[n][0], n) for n in inside), default=(0, 0))
    oldest_ack = min(((acks[n], n) for n in outside if n in acks), default=(FOREVER, 0))
    if oldest_ack[0] < newest_issue[0]:
        problems.append(f"not a prefix: write {newest_issue[1]} is in the image and was issued after write {oldest_ack[1]}, "
                        "which is not, had been acknowledged")
    if before is not None:
        missing = [n for n in outside if acks.get(n, FOREVER) < before]
        early = [n for n in inside if writes[n][0] > after]
        if missing:
            problems.append(f"{len(missing)} writes acknowledged before the request are missing, the first is {min(missing)}")
        if early:
            problems.append(f"{len(early)} writes issued after the reply are in the image, the first is {min(early)}")
    else:
        durable_from = max((flushes[n] for n in flush_acks), default=0)
        lost = [n for n in outside if acks.get(n, FOREVER) < durable_from or (n in acks and writes[n][3])]
        if lost:
            problems.append(f"{len(lost)} writes that a flush had made durable are missing, the first is {min(lost)}")

    print(json.dumps({
        "writes": len(writes), "acknowledged": len(acks), "flushes": len(flush_acks), "connections": len(set(sessions.values())),
        "sectorsCompared": len(last), "visibleInImage": len(inside), "knownOutside": len(outside),
        "problems": problems[:20], "ok": not problems,
    }))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) not in (5, 7):
        sys.exit(__doc__)
    times = (int(sys.argv[5]), int(sys.argv[6])) if len(sys.argv) == 7 else (None, None)
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *times))
