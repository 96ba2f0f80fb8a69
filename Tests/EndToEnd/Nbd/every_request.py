# Every request and flag of the protocol by libnbd (the module that nbdsh uses), with what comes back.
import errno
import sys
import nbd

KIB, MIB = 1024, 1024 * 1024
tcp, unix = sys.argv[1:3]


def connect(uri, structured=True, contexts=True):
    handle = nbd.NBD()
    handle.set_request_structured_replies(structured)
    if contexts:
        handle.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
    handle.set_strict_mode(0)  # the server is to judge, not the library
    handle.connect_uri(uri)
    return handle


def extents(handle, count, offset, flags=0):
    found = []
    handle.block_status(count, offset, lambda context, at, entries, error: found.extend(entries) or 0, flags)
    return list(zip(found[0::2], found[1::2]))


def fails_with(number, call, *arguments):
    try:
        call(*arguments)
    except nbd.Error as error:
        assert error.errnum == number, (error, number)
    else:
        raise AssertionError("%s%r succeeded" % (call.__name__, arguments))


def every_request(h):
    size = h.get_size()
    h.zero(size, 0)
    assert extents(h, size, 0) == [(size, 3)]

    # bytes of all alignments, with and without FUA
    for offset, length in [(0, 1), (511, 2), (4095, 4098), (65536 - 3, 70001), (size - 5, 5)]:
        data = bytes((offset + i) % 251 for i in range(length))
        h.pwrite(data, offset, nbd.CMD_FLAG_FUA if length % 2 else 0)
        assert h.pread(length, offset) == data
    h.flush()

    # the largest payload
    big = b"\x5c" * (32 * MIB)
    h.pwrite(big, 0)
    assert h.pread(len(big), 0, nbd.CMD_FLAG_DF if h.get_structured_replies_negotiated() else 0) == big

    # holes
    h.trim(4 * MIB, 8 * MIB)
    assert extents(h, 16 * MIB, 4 * MIB) == [(4 * MIB, 0), (4 * MIB, 3), (8 * MIB, 0)]
    assert extents(h, 16 * MIB, 4 * MIB, nbd.CMD_FLAG_REQ_ONE) == [(4 * MIB, 0)]
    assert h.pread(6 * MIB, 7 * MIB) == b"\x5c" * MIB + bytes(4 * MIB) + b"\x5c" * MIB
    h.zero(MIB, 0, nbd.CMD_FLAG_FAST_ZERO)
    assert extents(h, 2 * MIB, 0) == [(MIB, 3), (MIB, 0)]
    h.zero(MIB, MIB, nbd.CMD_FLAG_NO_HOLE)
    assert extents(h, 2 * MIB, 0) == [(MIB, 3), (MIB, 0)]
    assert h.pread(2 * MIB, 0) == bytes(2 * MIB)
    h.cache(MIB, 0)

    # a structured read arrives in parts that cover the range once
    parts = []
    h.pread_structured(6 * MIB, 7 * MIB, lambda data, at, status, error: parts.append((at, len(data), status)) and 0)
    assert sorted(at for at, _, _ in parts)[0] == 7 * MIB and sum(n for _, n, _ in parts) == 6 * MIB, parts
    assert any(status == nbd.READ_HOLE for _, _, status in parts), parts

    # what is refused
    fails_with(errno.EINVAL, h.pread, 512, size)
    fails_with(errno.ENOSPC, h.pwrite, bytes(512), size - 511)
    fails_with(errno.ENOSPC, h.zero, 512, size)
    fails_with(errno.EINVAL, h.pread, 0, 0)
    fails_with(errno.ENOTSUP, h.zero, 512, 0, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FAST_ZERO)
    assert h.pread(512, 0) == bytes(512)


def many_at_once(h):
    # more requests than are let in at a time, of sizes that share and do not share buffers
    buffers, cookies = [], []
    for i in range(600):
        data = nbd.Buffer.from_bytearray(bytearray([i % 256]) * 4096)
        cookies.append(h.aio_pwrite(data, i * 4096))
        buffers.append(data)
        if i % 50 == 0:
            cookies.append(h.aio_flush())
    for cookie in cookies:
        while not h.aio_command_completed(cookie):
            h.poll(-1)
    for i in range(0, 600, 7):
        assert h.pread(4096, i * 4096) == bytes([i % 256]) * 4096


first = connect(tcp)
every_request(first)
many_at_once(first)

# multi-conn: what one connection flushed, another one reads; simple replies and a Unix socket on the way
second = connect(unix, structured=False, contexts=False)
assert first.can_multi_conn() and second.can_multi_conn() and not second.can_df()
first.pwrite(b"seen by all " * 128, 0)
second.flush()
assert second.pread(1536, 0) == b"seen by all " * 128
fails_with(errno.EINVAL, second.pread, 512, second.get_size())
for handle in (first, second):
    handle.shutdown()
print("every request answered")
